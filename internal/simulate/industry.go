package simulate

import (
	"fmt"
	"strings"
)

// group is one line of the city's mix of industries.
type group struct {
	name          string
	codes         []string // GB/T 4754 groups, more frequent ones repeated
	employers     int      // in a city of scale 1
	medianStaff   float64  // lognormal with a geometric standard deviation of 3
	exposedShare  float64  // mean share of staff exposed
	word          string   // what the employers' names end with
	noise, spread float64  // mean and standard deviation of LEX,8h at the start, dB(A)
	posts         []postKind
	radiology     bool // medical radiology: dosimetry instead of posts
	harmless      bool // on the roster without any hazard
}

// postKind is a kind of post: where, what, and the hazards on it.
type postKind struct {
	workshop, post string
	hazards        []*hazard
}

// groups returns the mix of industries with its posts. Every post has a hazard whose in-service
// examination is mandatory in both editions of GBZ 188.
func groups(ref *reference) ([]*group, error) {
	letters := map[string]string{
		"N": "HZ-3-001", "S": "HZ-1-001", "C": "HZ-1-002", "K": "HZ-1-007", "W": "HZ-1-011", "M": "HZ-2-003",
		"G": "HZ-1-036", "D": "HZ-1-032", "B": "HZ-2-028", "T": "HZ-2-029", "X": "HZ-2-030", "H": "HZ-2-031",
		"F": "HZ-2-046", "O": "HZ-2-019", "A": "HZ-2-016", "R": "HZ-1-021", "E": "HZ-3-002", "P": "HZ-2-001",
		"I": "HZ-2-X20", "L": "HZ-1-010", "Y": "HZ-1-042", "U": "HZ-3-010", "Z": "HZ-2-035", "Q": "HZ-2-X02",
		"V": "HZ-3-006", "J": "HZ-2-X01", "c": "HZ-1-012",
	}
	// name | codes | employers | median staff | exposed share | noise mean | noise sd | word | posts
	table := []string{
		"coal|B061|4|900|0.65|83|5|煤业|采煤工作面 采煤工 CNOV;掘进工作面 掘进工 SCNV;机运队 皮带司机 CN;洗选车间 洗选工 CN",
		"stone|C303 C303 C302 C302 C308 C301|108|40|0.55|83.6|5.2|建材|破碎车间 破碎工 SN;成型车间 成型工 SN;搅拌站 投料工 KN;切割车间 切割工 SN;包装车间 包装工 KN;烧成车间 窑工 SEN",
		"quarry|B101 B101 B109|12|56|0.55|83.6|5.2|石料|采场 凿岩工 SNV;破碎线 破碎工 SN;装运班 铲车司机 SN",
		"food|C137 C143 C143 C141 C152 C131 C132|150|98|0.22|80|4.5|食品|制粉车间 投料工 RN;包装车间 包装工 N;制冷间 制冷工 AN;炒制车间 炒制工 EN;锅炉房 司炉工 OEN",
		"tobacco|C162|1|900|0.30|80|4.5|烟草制品|制丝车间 制丝工 YN;卷包车间 卷包工 N;动力车间 司炉工 EN",
		"medicine|C272 C272 C274 C271 C276|38|154|0.30|77|4.5|药业|合成车间 合成工 TAQ;制剂车间 压片工 N;提取车间 提取工 EN;动力车间 空压工 N",
		"chemical|C264 C266 C261 C268 C265 C252|55|42|0.45|80|5|化工|反应车间 操作工 BTXN;灌装车间 灌装工 BTX;酸碱罐区 巡检工 QJ;投料间 投料工 FN",
		"printing|C231|70|31|0.40|80|4.5|印务|印刷车间 印刷工 BTXN;调墨间 调墨工 BTX;覆膜车间 覆膜工 HIN;装订车间 装订工 N",
		"metal|C331 C331 C341 C343 C345 C348 C351 C352 C356 C338 C339 C381|330|36|0.48|83|5|机械|焊接车间 电焊工 WMUN;打磨车间 打磨工 GN;机加工车间 车工 N;喷漆车间 喷漆工 BTX;冲压车间 冲压工 N;铸造车间 造型工 ScN",
		"metallurgy|C313 C325 C325 C324 C314|28|84|0.60|83|5|金属材料|熔炼车间 熔炼工 LOEN;轧制车间 轧钢工 EN;精整车间 打磨工 GN;铸锭车间 浇铸工 LEN",
		"wood|C202 C203 C203 C211 C211 C211|130|25|0.55|84|5|木业|开料车间 开料工 DN;砂光车间 砂光工 DN;涂胶车间 涂胶工 FN;喷漆车间 喷漆工 BTXF",
		"bags|C192 C195|20|42|0.45|79|4.5|鞋业|成型车间 刷胶工 BTHZ;裁断车间 裁断工 N;针车车间 针车工 N",
		"electronics|C398 C397 C392 C399|35|168|0.30|78|4.5|电子|贴片车间 焊锡工 PI;清洗车间 清洗工 HI;注塑车间 注塑工 N;波峰焊线 波峰焊工 PI",
		"cars|C367 C367 C366|45|84|0.45|83|5|汽车部件|焊装车间 电焊工 WMUN;冲压车间 冲压工 N;涂装车间 喷漆工 BTX;打磨车间 打磨工 GN",
		"repair|O811|90|13|0.40|79|5|汽车维修|钣金车间 钣金工 WMN;喷漆房 喷漆工 BTX",
		"mixed|E471 D443 D462 G595 C421 C176|110|56|0.20|81|5|实业|施工班组 电焊工 WMU;锅炉房 司炉工 OEN;维修班 维修工 N;装卸班 装卸工 KN",
		"radiology|Q841|92|30|0.20|0|0|医院|",
		"office|L721 G544 F516 H621 C339|182|14|0|0|0|商贸|",
	}
	var out []*group
	for _, line := range table {
		cols := strings.Split(line, "|")
		g := &group{name: cols[0], codes: strings.Fields(cols[1]), word: cols[7]}
		if _, err := fmt.Sscan(strings.Join(cols[2:7], " "), &g.employers, &g.medianStaff, &g.exposedShare, &g.noise, &g.spread); err != nil {
			return nil, fmt.Errorf("industry %s: %w", g.name, err)
		}
		g.radiology = g.name == "radiology"
		g.harmless = g.name == "office"
		for _, p := range strings.Split(cols[8], ";") {
			f := strings.Fields(p)
			if len(f) != 3 {
				continue
			}
			kind := postKind{workshop: f[0], post: f[1]}
			for _, letter := range f[2] {
				h, err := ref.hazard(letters[string(letter)])
				if err != nil {
					return nil, fmt.Errorf("industry %s, post %s: %w", g.name, f[1], err)
				}
				kind.hazards = append(kind.hazards, h)
			}
			g.posts = append(g.posts, kind)
		}
		out = append(out, g)
	}
	return out, nil
}

// township stories: how a township's employers differ from the city's path.
const (
	townshipFailingA  = "410184108" // 郭店镇
	townshipFailingB  = "410184102" // 辛店镇
	townshipOvertakes = "410184105" // 和庄镇
	townshipWithHole  = "410184104" // 梨河镇: nothing arrives from 2025-03 to 2025-05, all of it in September
	townshipOutbreak  = "410184109" // 龙湖镇
)

// townshipShares returns the share of employers by township.
func townshipShares() map[string]float64 {
	return map[string]float64{
		"410184106": 0.16, "410184109": 0.15, "410184101": 0.12, "410184105": 0.10, "410184108": 0.10,
		"410184107": 0.09, "410184102": 0.07, "410184104": 0.05, "410184200": 0.05, "410184001": 0.03,
		"410184002": 0.03, "410184003": 0.02, "410184103": 0.02, "410184402": 0.004, "410184403": 0.006,
	}
}

// path is a coverage path of the whole city by year.
type path struct {
	first int // year of the first value
	value []float64
}

func (p path) at(year int) float64 {
	i := year - p.first
	if i < 0 {
		i = 0
	}
	if i >= len(p.value) {
		i = len(p.value) - 1
	}
	return p.value[i]
}

// paths are the coverage paths of the city (2022 to 2025 from the source papers, the years around them assumed).
type paths struct {
	declaration, detection, exam, head, manager, dose, insurance, pre path
}

func cityPaths() paths {
	of := func(values ...float64) path { return path{2018, values} }
	return paths{
		declaration: of(.42, .48, .54, .63, .72, .82, .90, .96, .975),
		detection:   of(.34, .39, .43, .49, .555, .68, .81, .907, .945),
		exam:        of(.50, .56, .58, .67, .74, .82, .89, .955, .97),
		head:        of(.30, .38, .46, .57, .68, .80, .90, .97, .98),
		manager:     of(.35, .43, .52, .62, .72, .84, .94, .99, .992),
		dose:        of(.74, .77, .80, .84, .88, .94, .98, .994, .996),
		insurance:   of(.58, .61, .64, .68, .71, .76, .81, .86, .87),
		pre:         of(.62, .66, .70, .76, .82, .88, .93, .96, .97),
	}
}

// of returns the chance that an employer does its duty in a year: the city's path, lower for micro firms while
// the city is far from done, and shifted by the story of its township.
func (p path) of(e *employer, year int) float64 {
	v := p.at(year)
	lag := 0.15 * clamp((1-v)/0.28, 0, 1.3)
	if e.sizeClass == "微型" {
		v -= lag * 0.55
	} else {
		v += lag * 0.45
	}
	switch e.township {
	case townshipFailingA, townshipFailingB:
		v -= 0.02 + 0.13*clamp(float64(year-2018)/6, 0, 1)
	case townshipOvertakes:
		v += -0.16 + 0.18*clamp(float64(year-2021)/4, 0, 1)
	default:
		v += 0.02
	}
	return clamp(v, 0.02, 0.995)
}
