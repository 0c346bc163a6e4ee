package ingest

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Where files are loaded as a sender's profile says, one that is refused does not keep the others from loading.
func TestLoadAs_RefusedFile(t *testing.T) {
	d := newDesk(t)
	dir := t.TempDir()
	if err := os.Symlink("/dev/null", filepath.Join(dir, "a.csv")); err != nil {
		t.Fatal(err)
	}
	text := "统一社会信用代码,用人单位名称,参保月份,参保人数\n" + code(8001) + ",新郑市测试用人单位,2025-03,12\n"
	if err := os.WriteFile(filepath.Join(dir, "b.csv"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := Open(context.Background(), Config{DB: d.db, Dir: d.dir, Today: testToday})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var results []Result
	err = l.LoadAs(context.Background(), []string{dir}, Delivery{Sender: "测试"}, func(r Result) error {
		results = append(results, r)
		return nil
	})
	if err != nil || len(results) != 2 || results[0].Refusal == nil || results[0].Refusal.Code != "not_a_file" || results[1].Loaded != 1 {
		t.Errorf("%v: %+v", err, results)
	}
}

// A file that is sent again says which batch holds its rejects.
func TestLoad_SentAgainNamesItsRejects(t *testing.T) {
	d := newDesk(t)
	path := d.file("a.csv", "统一社会信用代码,用人单位名称,参保月份,参保人数\n"+code(8001)+",新郑市测试用人单位,2025-03,12\n"+
		code(8001)+",新郑市测试用人单位,2025-04,很多\n")
	first, again := d.load(Config{}, path, path), d.load(Config{DryRun: true}, path)
	for _, r := range []Result{first[1], again[0]} {
		if r.SameAs != first[0].Batch || r.RejectedBefore != 1 || r.Unchanged != 2 {
			t.Errorf("%+v, first %+v", r, first[0])
		}
	}
	if first[0].SameAs != 0 || first[0].Rejected != 1 {
		t.Errorf("%+v", first[0])
	}
}

// A range is told in the unit of the sender's heading, and a word that is kept though no list has it is told.
func TestLoad_RangeInTheSendersUnit(t *testing.T) {
	d := newDesk(t)
	path := d.file("dose.csv", "统一社会信用代码,放射工作单位,单位类别,人员编号,姓名,身份证号,性别,出生日期,职业类别,放射工作起始日期,监测机构,佩戴起始日期,佩戴终止日期,佩戴位置,剂量量,剂量(μSv),MDL,剂量计状态\n"+
		code(8002)+",新郑市测试医院,医疗,0001,示例一,419999198501010015,男,1985-01-01,9Z,2015-07-01,省剂量中心,2025-01-01,2025-03-31,左胸,Hp(10),80,0.04,正常\n"+
		code(8002)+",新郑市测试医院,医疗,0002,示例一,419999198501010015,男,1985-01-01,2E,2015-07-01,省剂量中心,2025-01-01,2025-03-31,左胸,Hp(10),600000,0.04,正常\n")
	r := d.load(Config{}, path)[0]
	var job, most string
	err := d.db.Conn().QueryRow(context.Background(), `SELECT
		(SELECT any(job_class) FROM raw_dose WHERE batch = {b:UInt64} AND has(notes, 'unknown_code')),
		(SELECT any(args['max']) FROM ops_finding WHERE batch = {b:UInt64} AND code = 'out_of_range')`, clickhouse.Named("b", r.Batch)).Scan(&job, &most)
	if err != nil || r.Loaded != 1 || r.Rejected != 1 || job != "9Z" || most != "500000" {
		t.Errorf("%+v, job class %q, at most %q, %v", r, job, most, err)
	}
}
