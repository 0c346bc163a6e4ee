package simulate

import (
	"fmt"
	"slices"
	"strconv"
)

// The truth about the standard indicators that rest on report cards.

// place returns the area in which the card counts.
func (k *caseCard) place() string {
	if k.employer == nil {
		return areaUnassigned
	}
	return k.employer.area()
}

// S7a, S7b, S9a, S9c, the cards of S9f, and S11a, S11c and S11e.
func (c *city) countCards(k *counter, year int) {
	diagnoses := map[*person][]*caseCard{}
	for _, x := range c.cases {
		if x.isNew() {
			diagnoses[x.person] = append(diagnoses[x.person], x)
		}
	}
	for _, x := range c.cases {
		area := x.place()
		if x.reported.year() == year {
			k.add("S9c", "days_7", area, x.no, boolInt(x.reviewed <= x.reported+7), 1)
			k.add("S9f", "employer", area, x.no, boolInt(x.employer != nil && !x.employer.discovered), 1)
			if x.isNew() {
				if x.event != "" || x.days > 0 {
					since := x.occurred
					if since == 0 {
						since = x.diagnosed
					}
					k.add("S9a", "acute", area, x.no, boolInt(x.reported <= since+1), 1)
				} else {
					k.add("S9a", "days_15", area, x.no, boolInt(x.reported <= x.diagnosed+15), 1)
				}
			}
		}
		if x.kind == cardSuspected && x.occurred.year() == year {
			c.countSuspect(k, x, diagnoses[x.person])
		}
		if x.isNew() && x.diagnosed.year() == year {
			c.countKind(k, x)
		}
	}
}

// countSuspect follows a suspected case: into diagnosis within so many days, and to its conclusion.
func (c *city) countSuspect(k *counter, x *caseCard, cards []*caseCard) {
	area := x.place()
	entered := day(0)
	for _, d := range cards {
		if d.suspect == x || d.diagnosed >= x.occurred && d.disease == x.disease {
			if entered == 0 || d.diagnosed < entered {
				entered = d.diagnosed
			}
		}
	}
	told := x.outcome == "diagnosed" || x.outcome == "excluded" // on the card, without a day
	for _, days := range []day{90, 180, 365} {
		in := entered != 0 && entered <= x.occurred+days
		if in || x.occurred+days < c.readOn && !(told && entered == 0) {
			k.add("S7a", fmt.Sprintf("days_%d", days), area, x.no, boolInt(in), 1)
		}
	}
	k.add("S7a", "ever", area, x.no, boolInt(told || entered != 0), 1)
	confirmed := x.outcome == "diagnosed" || entered != 0
	if confirmed || x.outcome == "excluded" {
		k.add("S7b", "concluded", area, x.no, boolInt(confirmed), 1)
	}
}

// categories returns the names that the thirteen shares of S11c have, by the number of the category in the catalogue of
// 2024; its first category is split.
func categories() []string {
	return []string{"respiratory", "skin", "eye", "ear_nose_mouth", "poisoning", "physical", "radiation", "infectious", "tumour", "musculoskeletal", "mental", "other"}
}

// countKind counts a new case by stage, by kind and, if it is deafness from noise, by grade.
func (c *city) countKind(k *counter, x *caseCard) {
	area := x.place()
	info := c.ref.diseases[x.disease]
	category, _ := strconv.Atoi(info.id[len("OD2024-") : len("OD2024-")+2])
	own := categories()[category-1]
	if info.pneumoconiosis {
		own = "pneumoconiosis"
		for variant, stages := range map[string][]int{"stage_1": {1}, "stage_2": {2}, "stage_3": {3}, "stage_2_3": {2, 3}} {
			k.add("S11a", variant, area, x.no, boolInt(slices.Contains(stages, x.stage)), boolInt(x.stage > 0))
		}
		item, _ := strconv.Atoi(info.id[len(info.id)-2:])
		for n := 1; n <= 13; n++ {
			k.add("S11c", fmt.Sprintf("kind_%d", n), area, x.no, boolInt(n == item), 1)
		}
		if x.months >= 0 {
			k.addValue("S11b", "exposure_years", area, x.no, float64(x.months)/12, 1)
		}
		k.addValue("S11b", "age", area, x.no, float64(x.diagnosed-x.person.birth)/365.25, 1)
	}
	for _, variant := range append(categories(), "pneumoconiosis") {
		k.add("S11c", variant, area, x.no, boolInt(variant == own), 1)
	}
	if x.disease != "噪声聋" {
		return
	}
	for variant, grades := range map[string][]string{"mild": {"轻度"}, "moderate": {"中度"}, "severe": {"重度"}, "moderate_severe": {"中度", "重度"}} {
		k.add("S11e", variant, area, x.no, boolInt(slices.Contains(grades, x.severity)), boolInt(x.severity != ""))
	}
	if x.months >= 0 {
		k.add("S11e", "short", area, x.no, boolInt(x.months < 36), 1)
	}
}
