package ingest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseMapping_Faults(t *testing.T) {
	for text, want := range map[string]string{
		"name: x\nstream: dose\nfields: {worker_no: W}\nextra: 1":                               "[4:1] unknown field \"extra\"",
		"name: x\nstream: dose\nfields: {worker_no: {column: W, skale: 2}}":                     "unknown field \"skale\"",
		"name: x\nstream: weather\nfields: {worker_no: W}":                                      "there is no such stream",
		"name: x\nstream: dose\nfields: {worker: W}":                                            "stream dose has no field worker",
		"name: x\nstream: dose\nfields: {worker_no: {column: W, value: 1}}":                     "want one of column, value, template",
		"name: x\nstream: dose\nfields: {worker_no: {template: '{W'}}":                          "a brace is not closed",
		"name: x\nstream: dose\nfields: {read_date: {column: D, date: D/M/Y}}":                  "want a form such as DD/MM/YYYY",
		"name: x\nstream: dose\nfields: {worker_no: {column: D, pattern: '('}}":                 "want a regular expression with one group",
		"name: x\nstream: dose\nfields: {mdl: M}\nabsent: [worker_no]":                          "identifies the row",
		"name: x\nstream: dose\nfields: {mdl: M}\nunpivot: {into: doses, columns: {Q: {}}}":     "into must name a field",
		"name: x\nstream: dose\nfields: {mdl: M}\nunpivot: {into: value, columns: {Q: {q: 1}}}": "q is no field of dose",
		"stream: dose": "name, stream and fields must be given",
		"name: [":      "1:",
	} {
		_, err := parseMapping([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestLoad_Mapping(t *testing.T) {
	d := newDesk(t)
	path := d.file("m.yaml", `
name: test
stream: dose
missing: ["999"]
fields:
  unit_name: {value: 某厂}
  unit_kind: {value: 工业}
  worker_no: {template: "W{id}-{row}"}
  id_type: {value: 其他}
  id_no: {template: "PERSON{id}"}
  sex: {column: s, codes: {M: 男}, else: 女}
  birth_date: {column: born, date: DD/MM/YYYY}
  job_class: {column: job, pattern: '^class (.*)$'}
  start_date: {column: since, when: {s: M}}
  dosimetry_org: {value: 某站}
  position: {value: 左胸}
  quantity: {value: Hp(10)}
  dosimeter_status: {value: 正常}
  value: {column: Q1, codes: {"0": "<0.3"}, scale: 0.01}
unpivot:
  into: value
  columns:
    Q1: {period_start: 2025-01-01, period_end: 2025-03-31}
    Q2: {period_start: 2025-04-01, period_end: 2025-06-30}
absent: [person_name, mdl, start_date]
skip: [{column: s, values: [X]}]
`)
	if _, err := ReadMapping(path); err == nil {
		t.Error("a field that is both given and absent was accepted")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	path = d.file("m.yaml", strings.Replace(string(text), ", start_date]", "]", 1))
	m, err := ReadMapping(path)
	if err != nil {
		t.Fatal(err)
	}
	results := d.load(Config{Mapping: m}, d.file("a.csv", "id,s,born,job,since,Q1,Q2\n12345,M,1/2/1980,class 3B,2020-01-01,150.0,0\n22345,F,1/2/1980,class 3B,2020-01-01,999,\n32345,X,,,,1,1\n42345,M,1/2/1980,class 3B,2020-01-01,7,\n"))
	if len(results) != 1 || results[0].sums() != (sums{read: 3, loaded: 3}) {
		t.Fatalf("%+v %v", results, d.findings(1))
	}
	var got string
	err = d.db.Conn().QueryRow(t.Context(), "SELECT arrayStringConcat(groupArray(concat(worker_no, ' ', sex, ' ', toString(birth_date), ' ', job_class, ' ', toString(period_start), ' ', toString(value), ' ', qualifier, ' ', toString(final_value))), '|') FROM (SELECT * FROM raw_dose ORDER BY row, period_start)").Scan(&got)
	if err != nil || got != "W12345-2 male 1980-02-01 3B 2025-01-01 1.5 eq 1.5|W12345-2 male 1980-02-01 3B 2025-04-01 0.3 lt 0.15|W42345-5 male 1980-02-01 3B 2025-01-01 0.07 eq 0.07" {
		t.Errorf("%s %v", got, err)
	}
	results = d.load(Config{Mapping: m}, d.file("b.csv", "id,s,born\n1,M,1/2/1980\n"))
	if len(results) != 1 || results[0].Refusal == nil || results[0].Refusal.Code != "mapping_column" {
		t.Errorf("a file without the columns: %+v", results)
	}
}

// Every public data set loads whole with the mapping that the project ships.
func TestLoad_PublicData(t *testing.T) {
	root := filepath.Join("..", "..", "shared", "realdata")
	if _, err := os.Stat(root); err != nil {
		t.Skip("the public data sets are not here")
	}
	d := newDesk(t)
	for _, c := range []struct {
		mapping, file string
		want          sums
	}{
		{"nhanes-audiometry/mapping.yaml", "exams-nhanes-audiometry/aux_g_2011_2012.csv.gz", sums{read: 3908, loaded: 3908}},
		{"dust-bronchitis/mapping.yaml", "exams-dust-bronchitis/dust.csv", sums{read: 1246, loaded: 1246}},
		{"worker-biomonitoring/mapping.yaml", "exams-worker-biomonitoring/vitcap2.csv", sums{read: 40, loaded: 40}},
		{"beryllium/mapping.yaml", "hazard-beryllium/beTWA.csv", sums{read: 280, loaded: 280}},
		{"beryllium/wipes.yaml", "hazard-beryllium/SESdata.csv", sums{read: 31, loaded: 31}},
		{"beryllium/aihand.yaml", "hazard-beryllium/aihand.csv", sums{read: 15, loaded: 15}},
		{"papermill-noise/mapping.yaml", "hazard-noise-papermill/noise_dosimetry_by_operation.csv", sums{read: 29, loaded: 29}},
		{"y12-filmbadge/mapping.yaml", "dosimetry-y12-filmbadge/filmbadge.csv", sums{read: 112, loaded: 112}},
		{"sinan-mental/mapping.yaml", "cases-sinan-mental/MENTBR20_reduced.csv.gz", sums{read: 1351, loaded: 1351}},
	} {
		m, err := ReadMapping(filepath.Join("..", "examples", c.mapping))
		if err != nil {
			t.Error(err)
			continue
		}
		results := d.load(Config{Mapping: m}, filepath.Join(root, c.file))
		if len(results) != 1 || results[0].sums() != c.want {
			t.Errorf("%s: %+v, want %+v", c.file, results, c.want)
		}
	}
	var tested, below uint64
	if err := d.db.Conn().QueryRow(t.Context(), "SELECT count(), countIf(qualifier = 'lt' AND lod = value) FROM raw_detection WHERE task_no = 'beTWA'").Scan(&tested, &below); err != nil || tested != 280 || below != 175 {
		t.Errorf("beryllium: %d of %d below the reporting limit (%v), want 175 of 280", below, tested, err)
	}
}

func FuzzParseMapping(f *testing.F) {
	f.Add("name: x\nstream: dose\nfields: {worker_no: {column: W, codes: {a: b}}}")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parseMapping([]byte(text))
		if (m == nil) && err == nil {
			t.Error("neither a mapping nor an error")
		}
		var r *Refusal
		if errors.As(err, &r) {
			t.Error("a refusal inside")
		}
	})
}
