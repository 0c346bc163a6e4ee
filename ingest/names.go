package ingest

import (
	"slices"
	"strings"
)

// simple writes traditional and variant characters that occur in names of hazards, diseases, places and
// employers as the lists write them. It is applied where a name is on no list as it stands.
var simple = strings.NewReplacer(
	"塵", "尘", "聲", "声", "鉛", "铅", "錳", "锰", "鉻", "铬", "鎳", "镍", "鎘", "镉", "鋁", "铝", "銅", "铜", "鋅", "锌",
	"鐵", "铁", "錫", "锡", "銻", "锑", "鈹", "铍", "釩", "钒", "鈷", "钴", "鎢", "钨", "鉈", "铊", "鉑", "铂", "鈦", "钛",
	"鋰", "锂", "鋇", "钡", "氣", "气", "煙", "烟", "電", "电", "銲", "焊", "溫", "温", "輻", "辐", "線", "线", "動", "动",
	"機", "机", "鹽", "盐", "氫", "氢", "鹼", "碱", "環", "环", "鹵", "卤", "穀", "谷", "麵", "面", "藥", "药", "農", "农",
	"業", "业", "職", "职", "腫", "肿", "損", "损", "傷", "伤", "膚", "肤", "聾", "聋", "癥", "症", "熱", "热", "凍", "冻",
	"減", "减", "壓", "压", "暈", "晕", "鏈", "链", "製", "制", "廠", "厂", "場", "场", "礦", "矿", "鋼", "钢", "鑄", "铸",
	"鍛", "锻", "衝", "冲", "噴", "喷", "漿", "浆", "霧", "雾", "鎮", "镇", "鄉", "乡", "區", "区", "龍", "龙", "觀", "观",
	"園", "园", "莊", "庄", "東", "东", "華", "华", "興", "兴", "國", "国", "責", "责", "險", "险", "團", "团", "實", "实",
	"學", "学", "醫", "医", "衛", "卫", "療", "疗", "檢", "检", "測", "测", "車", "车", "輪", "轮", "橋", "桥", "紙", "纸",
	"織", "织", "紡", "纺", "絲", "丝", "纖", "纤", "維", "维", "膠", "胶", "磚", "砖", "對", "对", "無", "无", "鄭", "郑", "體", "体",
	"層", "层", "燒", "烧", "爐", "炉", "澆", "浇", "塗", "涂", "裝", "装", "鍍", "镀", "鏽", "锈", "鋸", "锯", "飛", "飞",
	"應", "应",
	"硅尘", "矽尘", "硅肺", "矽肺", "其它", "其他", "碳黑粉尘", "炭黑粉尘", "粘土", "黏土",
)

// generic are the words around the name of a hazard that say nothing about which hazard it is.
var generic = []string{"接触", "暴露于", "生产性", "职业性", "作业", "危害因素", "因素", "危害"}

// plainNames returns the other forms in which a folded name is looked for on a list, nearest first.
func plainNames(key string) []string {
	forms := []string{simple.Replace(key)}
	for {
		last := forms[len(forms)-1]
		short := last
		for _, word := range generic {
			short = strings.TrimSuffix(strings.TrimPrefix(short, word), word)
		}
		if short == last || short == "" {
			break
		}
		forms = append(forms, short)
	}
	return slices.DeleteFunc(forms, func(form string) bool { return form == key })
}

// prefixes of places that names of employers are written with or without, the longer ones first.
var placePrefixes = []string{"河南省郑州市新郑市", "河南省新郑市", "郑州市新郑市", "河南新郑市", "河南省郑州市", "河南省", "郑州市", "新郑市", "新郑县", "新郑", "河南", "郑州"}

// legal forms that names of employers end in, the longer ones first; those of one line mean the same.
var legalForms = [][]string{
	{"股份有限公司", "股份公司"},
	{"有限责任公司", "有限公司"},
	{"集团公司", "集团"},
}

// companyName is the name of an employer taken apart: 新郑市 | 示例机械 | 有限公司.
type companyName struct{ place, core, form string }

// splitCompany takes a folded name apart.
func splitCompany(name string) companyName {
	c := companyName{core: name}
	for _, place := range placePrefixes {
		if rest, ok := strings.CutPrefix(c.core, place); ok && len(rest) >= len("示例") {
			c.place, c.core = place, rest
			break
		}
	}
	for _, forms := range legalForms {
		for _, form := range forms {
			if rest, ok := strings.CutSuffix(c.core, form); ok && len(rest) >= len("示例") {
				c.core, c.form = rest, forms[0]
				return c
			}
		}
	}
	return c
}

// same reports whether two names may be those of one employer: the same core, and neither a place nor a legal
// form of the one that speaks against the other.
func (c companyName) same(o companyName) bool {
	fits := func(a, b string) bool { return a == "" || b == "" || strings.Contains(a, b) || strings.Contains(b, a) }
	return c.core == o.core && fits(c.place, o.place) && (c.form == "" || o.form == "" || c.form == o.form)
}

// resemble returns the credit code of the only employer on the roster whose name differs from name by no more
// than a place before it or its legal form; "" when there is none or more than one.
func (r *roster) resemble(name string) string {
	asked := splitCompany(simple.Replace(name))
	found := ""
	for _, known := range r.byCore[asked.core] {
		if !asked.same(splitCompany(known.name)) || known.code == found {
			continue
		}
		if found != "" {
			return ""
		}
		found = known.code
	}
	return found
}

// rosterName is one name of an employer on the roster.
type rosterName struct{ name, code string }
