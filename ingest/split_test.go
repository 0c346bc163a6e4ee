package ingest

import (
	"slices"
	"testing"
)

func TestSplitValues_Hazards(t *testing.T) {
	l, err := embeddedLists()
	if err != nil {
		t.Fatal(err)
	}
	known := func(s string) bool { _, ok := l.hazard(s); return ok }
	for _, tc := range []struct {
		cell string
		want []string
	}{
		{"噪声", []string{"噪声"}},
		{"噪声;电焊烟尘", []string{"噪声", "电焊烟尘"}},
		{"矽尘（游离SiO2含量≥10%）、噪声", []string{"矽尘（游离SiO2含量≥10%）", "噪声"}},
		{"矽尘（游离SiO2含量≥10%）|铸造粉尘（游离SiO2含量<10%）", []string{"矽尘（游离SiO2含量≥10%）", "铸造粉尘（游离SiO2含量<10%）"}},
		{"游离二氧化硅粉尘（游离SiO2含量≥10%);噪声", []string{"游离二氧化硅粉尘（游离SiO2含量≥10%)", "噪声"}},
		{"汽油、溶剂汽油", []string{"汽油、溶剂汽油"}},
		{"1,2-二氯乙烷,噪声", []string{"1,2-二氯乙烷", "噪声"}},
		{"X射线+噪声", []string{"X射线", "噪声"}},
		{"铝尘（铝金属、铝合金粉尘氧化铝粉尘）×噪声", []string{"铝尘（铝金属、铝合金粉尘氧化铝粉尘）", "噪声"}},
		{"粉尘／噪声", []string{"粉尘", "噪声"}},
	} {
		if got := splitValues(tc.cell, known); !slices.Equal(got, tc.want) {
			t.Errorf("%s: got %q, want %q", tc.cell, got, tc.want)
		}
	}
}

func TestScaled_KeepsTheDecimal(t *testing.T) {
	for _, tc := range []struct{ x, factor, want float64 }{
		{0.0029, 1e-3, 0.0000029}, {0.5, 1, 0.5}, {2, 1e3, 2000}, {12.3, 1e-3, 0.0123}, {0, 1e-3, 0},
	} {
		if got := scaled(tc.x, tc.factor); got != tc.want {
			t.Errorf("%v × %v: got %v, want %v", tc.x, tc.factor, got, tc.want)
		}
	}
}
