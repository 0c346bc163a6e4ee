package ingest

import (
	"io/fs"
	"strings"
	"testing"

	"pgregory.net/rapid"

	ohsql "ohwatch/sql"
)

func TestHazard_Names(t *testing.T) {
	l, err := embeddedLists()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"噪声": "HZ-3-001", "噪聲": "HZ-3-001", "接触噪声": "HZ-3-001", "生产性噪声危害": "HZ-3-001", "矽塵": "HZ-1-001", "硅尘": "HZ-1-001",
		"电焊烟尘": "HZ-1-011", "電焊煙塵": "HZ-1-011", "（甲苯）": "", "甲苯危害因素": "HZ-2-029", "ＣＯ": "HZ-2-019",
		// Never guessed:
		"粉尘": "", "生产性粉尘": "", "接触粉尘": "", "粉尘危害": "", "化学毒物": "", "有害因素": "", "职业病危害因素": "", "焊接": "", "焊接作业": "", "有机溶剂": "",
		"辐射": "", "其他": "", "酸碱": "", "": "",
	} {
		ids, _ := l.hazard(name)
		got := ""
		if len(ids) == 1 {
			got = ids[0]
		}
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestRoster_Resemble(t *testing.T) {
	r := newRoster()
	for code, name := range map[string]string{
		"1": "新郑市示例机械有限公司", "2": "河南华兴铸造股份有限公司", "3": "郑州大成纸业有限公司", "4": "新郑市大成纸业有限公司", "5": "新郑市东方医院",
	} {
		r.add(code, name)
	}
	for name, want := range map[string]string{
		"示例机械有限公司": "1", "示例机械有限责任公司": "1", "河南省新郑市示例机械有限公司": "1", "新郑市示例机械": "1", "新鄭市示例機械有限責任公司": "1",
		"示例机械股份有限公司": "", // another legal form
		"河南示例机械有限公司": "", // another place
		"华兴铸造股份公司":   "2", "河南省华兴铸造股份有限公司": "2", "华兴铸造有限公司": "",
		"大成纸业有限公司": "", // two of that name
		"东方医院":     "5", "东方医": "", "有限公司": "", "新郑": "", "": "",
	} {
		if got := r.resemble(employerName(name)); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// An exact name is the first candidate with full marks in common and edits; rare characters count more than
// those that every name has.
func TestThesaurus_Rank(t *testing.T) {
	names := []entry{
		{key: "电焊烟尘", shown: "电焊烟尘", code: "A", used: 9},
		{key: "木粉尘", shown: "木粉尘", code: "B"},
		{key: "水泥粉尘", shown: "水泥粉尘", code: "C", used: 90},
		{key: "谷物粉尘", shown: "谷物粉尘", code: "D"},
		{key: "噪声", shown: "噪声", code: "E", used: 1000},
	}
	th := newThesaurus(names)
	if got := th.rank("电焊烟尘", 5); got[0].Code != "A" || got[0].Shared != 1 || got[0].Edit != 1 {
		t.Errorf("the name itself: %+v", got)
	}
	if got := th.rank("水泥灰尘", 5); got[0].Code != "C" {
		t.Errorf("水泥灰尘: %+v", got)
	}
	if got := th.rank("穀物粉塵", 5); got[0].Code != "D" {
		t.Errorf("traditional characters: %+v", got)
	}
	if got := th.rank("xyz", 5); len(got) != 0 {
		t.Errorf("nothing in common: %+v", got)
	}
}

func TestDistance_IsAMetric(t *testing.T) {
	text := rapid.StringOfN(rapid.RuneFrom([]rune("尘粉焊ab")), 0, 8, -1)
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := text.Draw(t, "a"), text.Draw(t, "b"), text.Draw(t, "c")
		if (distance(a, b) == 0) != (a == b) || distance(a, b) != distance(b, a) || distance(a, c) > distance(a, b)+distance(b, c) {
			t.Fatalf("%q %q %q: %d %d %d", a, b, c, distance(a, b), distance(b, c), distance(a, c))
		}
	})
}

// Whatever a name looks like, taking it apart loses nothing of it.
func TestSplitCompany_LosesNothing(t *testing.T) {
	part := rapid.SampledFrom([]string{"新郑市", "河南省", "新郑", "示例", "机械", "有限公司", "有限责任公司", "股份有限公司", "集团", "公司", "厂"})
	rapid.Check(t, func(t *rapid.T) {
		name := ""
		for _, p := range rapid.SliceOfN(part, 0, 5).Draw(t, "parts") {
			name += p
		}
		c := splitCompany(name)
		if len(c.core) > len(name) || name != "" && c.core == "" || !c.same(c) {
			t.Fatalf("%q: %+v", name, c)
		}
	})
}

// Every column of a stream that can hold an open name is resolved by the decisions in the stream's model.
func TestNameSources_AreResolvedByTheModels(t *testing.T) {
	contracts, err := Contracts()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range contracts {
		text, err := fs.ReadFile(ohsql.FS(), "models/stg_"+c.Stream+".sql")
		if err != nil {
			t.Errorf("%s: %v", c.Stream, err)
			continue
		}
		for _, s := range c.nameSources() {
			if !strings.Contains(string(text), "stg_alias") || !strings.Contains(string(text), " AS "+s.column) {
				t.Errorf("models/stg_%s.sql does not resolve %s (%s)", c.Stream, s.column, s.kind)
			}
		}
	}
}
