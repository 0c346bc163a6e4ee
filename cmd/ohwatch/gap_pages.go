package main

import (
	"context"
	"io"
	"strings"

	"ohwatch/reports/export"
	"ohwatch/reports/web"
	"ohwatch/transform"
)

// gapPages answers the pages of gap lists.
type gapPages struct{ a *app }

var _ web.Gaps = gapPages{}

// Targets are the indicators that have a list.
func (p gapPages) Targets() ([]web.Choice, error) {
	definitions, err := transform.LoadGaps(p.a.files)
	if err != nil {
		return nil, err
	}
	choices := make([]web.Choice, len(definitions))
	for i, d := range definitions {
		choices[i] = web.Choice{Value: d.Indicator.ID, Name: p.a.title(d.Title)}
	}
	return choices, nil
}

// list reads the list that q asks for and says what exactly that was.
func (p gapPages) list(ctx context.Context, q *web.GapQuery) (transform.GapList, error) {
	filter := transform.Filter{Indicator: q.Indicator, Variant: q.Variant, Period: q.Period, Area: q.Area}
	if err := p.a.checkFilter(&filter, p.a.today()); err != nil {
		return transform.GapList{}, err
	}
	q.Indicator, q.Period = filter.Indicator, filter.Period
	list, err := p.a.gapList(ctx, gapOptions{
		GapFilter: transform.GapFilter{Indicator: q.Indicator, Variant: q.Variant, Period: q.Period, Area: q.Area}, whatIf: q.WhatIf,
	})
	q.Variant = list.Variant.Name
	return list, err
}

// Gaps reads one list.
func (p gapPages) Gaps(ctx context.Context, q web.GapQuery) (web.GapPage, error) {
	list, err := p.list(ctx, &q)
	if err != nil {
		return web.GapPage{}, err
	}
	employers, _ := p.a.gapGrids(list)
	page := web.GapPage{Query: q, Summary: p.a.gapSummary(list), Head: employers.Head, Rows: gridTexts(employers), Names: map[int][]string{}}
	for i, g := range list.Gaps {
		page.Records = append(page.Records, g)
		for _, n := range g.Names {
			words := []string{n.Name, p.a.text("gap.reason_"+n.Reason, nil)}
			if n.Since != nil {
				words = append(words, *n.Since)
			}
			page.Names[i] = append(page.Names[i], strings.Join(words, " · "))
		}
	}
	for _, v := range list.Definition.Indicator.Variants {
		page.Variants = append(page.Variants, web.Choice{Value: v.Name, Name: p.a.title(v.Meaning)})
	}
	areas, err := transform.Townships(ctx, p.a.db)
	if err != nil {
		return web.GapPage{}, err
	}
	page.Areas = []web.Choice{{Value: "", Name: p.a.text("gap.page_city", nil)}}
	for _, t := range areas {
		page.Areas = append(page.Areas, web.Choice{Value: t.Code, Name: p.a.areaName(t.Code, t.Name.Zh, t.Name.En)})
	}
	page.Areas = append(page.Areas, web.Choice{Value: "unassigned", Name: p.a.text("gap.unassigned", nil)})
	return page, nil
}

// Workbook writes one list as a workbook.
func (p gapPages) Workbook(ctx context.Context, q web.GapQuery, w io.Writer) error {
	list, err := p.list(ctx, &q)
	if err != nil {
		return err
	}
	employers, names := p.a.gapGrids(list)
	return export.Workbook(w, employers, names)
}
