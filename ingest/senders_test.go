package ingest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The files under testdata/senders were written by hand after the record layouts, as senders write them. What
// becomes of each row was decided from the layouts: expected.txt has a line of sums for each file, and under it
// the rows rejected and the rows with something to review.
func TestLoad_SendersFiles(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("testdata", "senders", "*.*"))
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "senders", "expected.txt")
	paths = slices.DeleteFunc(paths, func(path string) bool { return path == golden })
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t)
	var got strings.Builder
	for _, r := range d.load(Config{}, paths...) {
		fmt.Fprintf(&got, "%s %s %+v\n", filepath.Base(r.File), r.Stream, r.sums())
		for _, line := range d.findings(r.Batch) {
			if !strings.HasPrefix(line, "note") {
				fmt.Fprintf(&got, "  %s\n", line)
			}
		}
	}
	if got.String() != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got.String(), want)
	}
}

// A disease that came with the catalogue of 2024 is left open when it was diagnosed before 2025-08-01.
func TestLoad_DiseaseCatalogueOnTheDay(t *testing.T) {
	d := newDesk(t)
	d.load(Config{}, filepath.Join("testdata", "senders", "e01_case.csv"))
	for card, want := range map[string]string{"K4": "name:腕管综合征", "K5": "OD2024-10-01"} {
		var got string
		if err := d.db.Conn().QueryRow(t.Context(), "SELECT disease FROM raw_case_report WHERE card_no = ?", card).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("card %s: disease %q, want %q", card, got, want)
		}
	}
}

// A card that gives the months of exposure under the bare heading 月, beside 专业工龄年.
func TestLoad_MonthsOfExposureUnderTheirOwnHeading(t *testing.T) {
	d := newDesk(t)
	path := filepath.Join(t.TempDir(), "case.csv")
	text := "卡片编号,报告卡类别,报告类别,姓名,身份证号,性别,出生日期,用人单位名称,病人来源,具体病名,职业病危害因素,统计工种,专业工龄年,月,诊断日期,尘肺期别,诊断机构,填卡单位,填卡日期\n" +
		"M1,尘肺病,新病例,测试甲,419999198501010015,男,1985-01-01,无用人单位,职业病诊断,矽肺,矽尘,凿岩,4,11,2025-05-11,壹期,测试医院,测试医院,2025-05-20\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d.load(Config{}, path)
	var months *uint16
	if err := d.db.Conn().QueryRow(t.Context(), "SELECT exposure_months FROM raw_case_report WHERE card_no = 'M1'").Scan(&months); err != nil {
		t.Fatal(err)
	}
	if months == nil || *months != 59 {
		t.Errorf("got %v months, want 59", months)
	}
}
