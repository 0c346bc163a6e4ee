package ingest

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"ohwatch/internal/message"
)

func TestRepairIdentity(t *testing.T) {
	today := dayOf(testToday)
	for text, want := range map[string]string{
		"419999198501010016":  "id_digit [digit 5]",
		"41999919850101001":   "id_length [length 17]",
		"4199991985010100155": "id_length [length 19]",
		"41999919850101OO15":  "id_letters []",
		"419999198513010015":  "id_birth []",
		"无":                   "id_length [length 1]",
	} {
		name, args := repairIdentity(text, today)
		if got := fmt.Sprint(name, " ", args); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	// Of two neighbours that changed places, the suggestion names the places or, where several fit, the digit.
	rapid.Check(t, func(t *rapid.T) {
		body := fmt.Sprintf("419999%d%02d%02d%03d", rapid.IntRange(1930, 2005).Draw(t, "y"), rapid.IntRange(1, 12).Draw(t, "m"), rapid.IntRange(1, 28).Draw(t, "d"), rapid.IntRange(0, 999).Draw(t, "n"))
		number := []byte(body + string(idCheckDigit17(body)))
		at := rapid.IntRange(6, 15).Draw(t, "at")
		if number[at] == number[at+1] {
			return
		}
		number[at], number[at+1] = number[at+1], number[at]
		name, args := repairIdentity(string(number), today)
		switch name {
		case "id_swapped":
			if args[1] != fmt.Sprint(at+1) {
				t.Fatalf("places %v, want %d", args, at+1)
			}
		case "id_digit", "id_birth":
		default:
			t.Fatalf("%s: %s", number, name)
		}
	})
}

func TestRepairDate(t *testing.T) {
	for text, want := range map[string]string{
		"2025-02-30": "date_last [date 2025-02-28]", "2024/2/30": "date_last [date 2024-02-29]", "20250431": "date_last [date 2025-04-30]",
		"2025-13-07": "date_swapped [date 2025-07-13]", "2025年13月7日": "date_swapped [date 2025-07-13]", "2025-14-15": "date_form []",
		"去年": "date_form []", "07/03/2025": "date_form []",
	} {
		name, args := repairDate(text)
		if got := fmt.Sprint(name, " ", args); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

func TestRepairValues(t *testing.T) {
	for text, want := range map[string]string{"约5人": "5", "５": "5", "3-5": "", "很多": "", "约6.5年": "6.5"} {
		if got := numberInside(text); got != want {
			t.Errorf("number in %s: %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{"在岗职业健康检查": "在岗期间职业健康检查", "班长": "", "合格的": "合格"} {
		if got := nearest(text, []string{"上岗前职业健康检查", "在岗期间职业健康检查", "合格", "不合格"}); got != want {
			t.Errorf("nearest to %s: %q, want %q", text, got, want)
		}
	}
	if got := repairUSCC("91419999MAXXXOO15G"); got != "91419999MAXXX0015G" {
		t.Errorf("credit code with letters: %q", got)
	}
	if got := repairUSCC("91419999MAXXX0016G"); got != "" {
		t.Errorf("credit code with a wrong digit: %q", got)
	}
}

// What a rejection suggests stands in the catalogue and says what it means to; nothing of an identity number
// is in it.
func TestLoad_RejectsSuggestRepairs(t *testing.T) {
	contracts, err := Contracts()
	if err != nil {
		t.Fatal(err)
	}
	exam := contracts[slices.IndexFunc(contracts, func(c *Contract) bool { return c.Stream == "exam" })]
	catalogue, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	p := catalogue.Printer(message.English)
	changes := []map[string]string{
		{"id_no": "419999198501010016"},
		{"exam_date": "2025-02-30"},
		{"exam_type": "在岗职业健康检查"},
		{"exposure_years": "约6年"},
		{"person_name": "419999198501010015", "id_no": "示例一"},
		{"report_card_id": ""},
		{"exam_date": "2027-03-07"},
	}
	wants := []string{
		"if the first 17 digits are right, the last is 5",
		"the last day of that month is 2025-02-28",
		"probably 在岗期间职业健康检查",
		"enter the number alone: 6",
		"姓名 holds a valid identity number: 身份证号 and 姓名 have probably changed places",
		"fill in 报告卡编号",
		"the year may be one too many: 2026-03-07",
	}
	d := newDesk(t)
	r := d.load(Config{Stream: "exam"}, d.file("exam.csv", changedExamples(exam, changes)))[0]
	rejects, err := Rejects(t.Context(), d.db, d.dir, r.Batch, false)
	if err != nil {
		t.Fatal(err)
	}
	got := map[uint32][]string{}
	for i := range rejects {
		text := p.Text("repair."+rejects[i].RepairCode(), rejects[i].MessageArgs())
		got[rejects[i].Row] = append(got[rejects[i].Row], text)
	}
	for i, want := range wants {
		if !slices.Contains(got[uint32(i+2)], want) {
			t.Errorf("%v: %q, want %q", changes[i], got[uint32(i+2)], want)
		}
	}
}
