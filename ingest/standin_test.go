package ingest

import (
	"context"
	"testing"
)

// A hotline exports complaints without a number of its own: each is known by what it says, in every file.
func TestStandIn(t *testing.T) {
	d := newDesk(t)
	const head = "举报日期,举报渠道,被举报单位,举报事项,转办部门,答复日期,处理结果\n"
	const noise, dust = "2025-05-05,12345热线,新郑市示例机械有限公司,噪声大,卫生监督所,,\n", "2025-05-05,12345热线,新郑市示例机械有限公司,粉尘大,卫生监督所,,\n"
	for i, c := range []struct {
		name, text                         string
		loaded, unchanged, corrected, kept int
	}{
		{"first.csv", head + noise + dust, 2, 0, 0, 2},
		{"again.csv", head + dust + noise, 0, 2, 0, 2},
		{"answered.csv", head + "2025/5/5,热线,新郑市示例机械有限公司 ,粉尘大,卫生监督所,2025-05-20,属实\n", 0, 0, 1, 2},
		{"numbered.csv", "举报编号," + head + "TS1," + noise, 1, 0, 0, 3},
	} {
		got := d.load(Config{}, d.file(c.name, c.text))[0]
		if got.Read != got.Loaded+got.Unchanged+got.Corrected || got.Loaded != c.loaded || got.Unchanged != c.unchanged || got.Corrected != c.corrected {
			t.Errorf("%d %s: loaded %d, unchanged %d, corrected %d of %d", i, c.name, got.Loaded, got.Unchanged, got.Corrected, got.Read)
		}
		var kept uint64
		if err := d.db.Conn().QueryRow(context.Background(), "SELECT uniqExact(complaint_no) FROM raw_complaint WHERE complaint_no != ''").Scan(&kept); err != nil || int(kept) != c.kept {
			t.Errorf("%d %s: %d numbers (%v), want %d", i, c.name, kept, err, c.kept)
		}
	}
}

// A summary names its institution by number or by name.
func TestSummary_InstitutionByName(t *testing.T) {
	d := newDesk(t)
	const tail = ",统一社会信用代码,体检类型,应检人数,实检人数,报告日期\n"
	const row = ",91419999MAXXX0015G,在岗期间职业健康检查,30,29,2025-07-01\n"
	if got := d.load(Config{}, d.file("name.csv", "体检机构"+tail+"某体检中心"+row))[0]; got.Loaded != 1 || got.Rejected != 0 {
		t.Errorf("with a name: %+v", got)
	}
	if got := d.load(Config{}, d.file("none.csv", "体检机构"+tail+row))[0]; got.Rejected != 1 {
		t.Errorf("without: %+v", got)
	}
}
