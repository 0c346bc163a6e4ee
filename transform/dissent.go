package transform

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/warehouse"
)

// Dissent is a post and factor that the institution judged otherwise than our limits do.
type Dissent struct {
	Kind        string   `ch:"dissent" json:"kind"` // missed: over by our limit, passed by the institution; stricter: the other way round
	Employer    string   `ch:"employer_key" json:"employer"`
	Name        string   `ch:"employer_name" json:"employer_name"`
	Area        string   `ch:"area" json:"area"`
	Institution string   `ch:"institution_code" json:"institution"`
	Report      string   `ch:"report_no" json:"report_no"`
	SampleDate  string   `ch:"day" json:"sample_date"`
	Workshop    string   `ch:"workshop" json:"workshop"`
	Post        string   `ch:"post" json:"post"`
	Hazard      string   `ch:"hazard" json:"hazard"`
	HazardZh    string   `ch:"hazard_zh" json:"hazard_zh"`
	HazardEn    string   `ch:"hazard_en" json:"hazard_en"`
	Fraction    string   `ch:"fraction" json:"fraction"`
	LimitType   string   `ch:"limit_type" json:"limit_type"`
	Value       float64  `ch:"worst" json:"value"` // the worst of the post, rounded as compared
	Limit       float64  `ch:"limit_used" json:"limit"`
	Unit        string   `ch:"unit" json:"unit"`
	State       string   `ch:"state" json:"state"`    // ours
	Word        string   `ch:"word" json:"judgement"` // the institution's: pass, fail
	Excursions  uint64   `ch:"n_excursions" json:"n_excursions"`
	Lines       []string `ch:"lines" json:"lines"` // detection:batch:row
}

// DissentFilter chooses disagreements. Empty fields choose all.
type DissentFilter struct {
	From, To    time.Time // days of sampling, both included
	Kind        string    // missed, stricter
	Area        string    // township code or unassigned
	Institution string
}

// Dissents lists the posts and factors whose judgement by the institution is not ours, the newest first.
func Dissents(ctx context.Context, db *warehouse.DB, f DissentFilter) ([]Dissent, error) {
	var all []Dissent
	err := db.Select(ctx, &all, "transform_dissents",
		clickhouse.Named("from", f.From.Format(time.DateOnly)), clickhouse.Named("to", f.To.Format(time.DateOnly)),
		clickhouse.Named("kind", f.Kind), clickhouse.Named("area", f.Area), clickhouse.Named("institution", f.Institution))
	if err != nil {
		return nil, fmt.Errorf("read disagreements: %w", err)
	}
	return all, nil
}
