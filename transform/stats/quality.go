package stats

import "math"

// DetectionQuality scores a detector on a series in which the true outbreaks are known.
type DetectionQuality struct {
	TP, FP, TN, FN int     // periods
	Sensitivity    float64 // NaN if there was no outbreak
	Specificity    float64 // NaN if all was outbreak
	Distance       float64 // from sensitivity and specificity both 1
	MeanLag        float64 // periods from the beginning of an outbreak to its first alarm; 0 if there was none
}

// Quality compares alarms with outbreaks (true where one is going on). An outbreak without an alarm counts with
// penalty periods; so late an alarm still counts for it, also after its end, but not into the next outbreak.
//
// It equals algo.quality of R's surveillance.
func Quality(outbreak, alarm []bool, penalty int) (DetectionQuality, error) {
	return quality(outbreak, alarm, nil, penalty)
}

// quality is Quality in which some periods are not counted; these lists hold false there.
func quality(outbreak, alarm, unknown []bool, penalty int) (DetectionQuality, error) {
	var q DetectionQuality
	switch {
	case len(outbreak) == 0:
		return q, argumentError("state", "the series is empty")
	case len(alarm) != len(outbreak):
		return q, argumentError("alarm", "has %d values, state has %d", len(alarm), len(outbreak))
	case penalty < 0 || penalty > maxSeries:
		return q, argumentError("penalty", "must not be negative, got %d", penalty)
	}
	var begins []int
	for i, is := range outbreak {
		switch {
		case unknown != nil && unknown[i]:
		case is && alarm[i]:
			q.TP++
		case is:
			q.FN++
		case alarm[i]:
			q.FP++
		default:
			q.TN++
		}
		if is && (i == 0 || !outbreak[i-1]) {
			begins = append(begins, i)
		}
	}
	q.Sensitivity = float64(q.TP) / float64(q.TP+q.FN)
	q.Specificity = float64(q.TN) / float64(q.TN+q.FP)
	q.Distance = math.Hypot(1-q.Specificity, 1-q.Sensitivity)
	var lag int
	for i, begin := range begins {
		end := len(outbreak) - 1
		if i+1 < len(begins) {
			end = begins[i+1] - 1
		}
		lag += firstAlarm(alarm[begin:min(end, begin+penalty)+1], penalty)
	}
	if len(begins) > 0 {
		q.MeanLag = float64(lag) / float64(len(begins))
	}
	return q, nil
}

// firstAlarm returns the place of the first alarm, otherwise if there is none.
func firstAlarm(alarm []bool, otherwise int) int {
	for i, is := range alarm {
		if is {
			return i
		}
	}
	return otherwise
}

// meanLagWithin is the mean lag in which only an alarm during the outbreak detects it; NaN without an outbreak.
func meanLagWithin(outbreak, alarm []bool, penalty int) float64 {
	var lag, outbreaks float64
	for begin := 0; begin < len(outbreak); begin++ {
		if !outbreak[begin] {
			continue
		}
		end := begin
		for end < len(outbreak) && outbreak[end] {
			end++
		}
		lag += float64(min(penalty, firstAlarm(alarm[begin:end], penalty)))
		outbreaks++
		begin = end
	}
	return lag / outbreaks
}
