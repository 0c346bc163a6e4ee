package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ohwatch/ingest"
	"ohwatch/internal/config"
	"ohwatch/internal/message"
	"ohwatch/internal/period"
	ohsql "ohwatch/sql"
	"ohwatch/transform"
	"ohwatch/warehouse"
)

// app holds what the commands share: configuration, warehouse, clock, logger and printer. It is opened
// once by the first command that needs it and closed by run.
type app struct {
	in          io.Reader
	out, errOut io.Writer
	catalogue   *message.Catalogue
	printer     *message.Printer
	log         *slog.Logger
	cfg         config.Config
	files       fs.FS // definitions: those of the program and the operator's own
	db          *warehouse.DB
	now         func() time.Time

	json  bool // machine output was asked for
	flags struct {
		config, data, lang, today string
		verbose                   bool
	}
}

func newApp(catalogue *message.Catalogue, in io.Reader, out, errOut io.Writer) *app {
	return &app{
		in: in, out: out, errOut: errOut,
		catalogue: catalogue,
		printer:   catalogue.Printer(message.Chinese),
		log:       slog.New(slog.DiscardHandler),
		now:       time.Now,
		files:     ohsql.FS(),
	}
}

// commands returns every command of the contract.
func commands(a *app) []*cobra.Command {
	return []*cobra.Command{
		newDemoCommand(a),
		newInitCommand(a),
		newMigrateCommand(a),
		newIngestCommand(a),
		newBatchesCommand(a),
		newReviewCommand(a),
		newKeysCommand(a),
		newVaultCommand(a),
		newContractCommand(a),
		newSenderCommand(a),
		newQualityCommand(a),
		newTransformCommand(a),
		newIndicatorsCommand(a),
		newSnapshotCommand(a),
		newAssessmentCommand(a),
		newPatientsCommand(a),
		newWarnCommand(a),
		newWarningsCommand(a),
		newEventCommand(a),
		newOutboxCommand(a),
		newReportCommand(a),
		newServeCommand(a),
		newJobsCommand(a),
		newQueryCommand(a),
		newExportCommand(a),
		newStatCommand(a),
		newSimulateCommand(a),
		newDoctorCommand(a),
		newVersionCommand(a),
		newEngineCommand(),
		newDecodeCommand(a),
	}
}

// addFlags declares the flags of every command.
func (a *app) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&a.flags.config, "config", "", a.text("cli.flag_config", nil))
	flags.StringVar(&a.flags.data, "data", "", a.text("cli.flag_data", nil))
	flags.StringVar(&a.flags.lang, "lang", "", a.text("cli.flag_lang", nil))
	flags.StringVar(&a.flags.today, "today", "", a.text("cli.flag_today", nil))
	flags.BoolVar(&a.json, "json", false, a.text("cli.flag_json", nil))
	flags.BoolVarP(&a.flags.verbose, "verbose", "v", false, a.text("cli.flag_verbose", nil))
}

// configure reads the configuration and applies the flags above it. It runs before every command.
func (a *app) configure() error {
	lang := a.flags.lang
	if lang == "" {
		lang = os.Getenv("OHWATCH_LANG")
	}
	if lang != "" {
		l, err := message.ParseLang(lang)
		if err != nil {
			return wrongUsage("usage.language", map[string]any{"value": fmt.Sprintf("%q", lang)})
		}
		a.printer = a.catalogue.Printer(l)
	}
	if a.flags.verbose {
		a.log = slog.New(slog.NewTextHandler(a.errOut, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	if a.flags.today != "" {
		day, err := parseDay("--today", a.flags.today)
		if err != nil {
			return err
		}
		a.now = clockFrom(day)
	}
	path := a.flags.config
	if path == "" {
		path = os.Getenv("OHWATCH_CONFIG")
	}
	cfg, err := config.Load(path, os.Getenv)
	if err != nil {
		return err
	}
	if a.flags.data != "" {
		cfg.Data.Dir = a.flags.data
	}
	a.cfg = cfg
	return a.addDefinitions()
}

// addDefinitions adds the operator's own definitions, if the configuration names a folder of them, and what the
// warning rules say to the messages.
func (a *app) addDefinitions() error {
	if dir := a.cfg.DefinitionsFolder(); dir != "" {
		files, err := ohsql.Overlay(ohsql.FS(), os.DirFS(dir))
		if err == nil {
			_, err = ingest.Contracts(files)
		}
		if err != nil {
			return &config.Error{Code: "config.definitions", Args: map[string]string{"key": "data.definitions", "dir": dir}, Err: err}
		}
		a.files = files
	}
	rules, _, err := transform.LoadRules(a.files)
	if err != nil {
		return err
	}
	a.catalogue = a.catalogue.With(transform.RuleTexts(rules))
	a.printer = a.catalogue.Printer(a.printer.Lang())
	return nil
}

// clockFrom returns a clock that starts at noon of a day in Asia/Shanghai.
func clockFrom(day time.Time) func() time.Time {
	start := time.Now()
	noon := time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, period.Shanghai())
	return func() time.Time { return noon.Add(time.Since(start)) }
}

// openDB opens the warehouse, starting or joining the embedded engine, and brings its schema up to date.
func (a *app) openDB(ctx context.Context) error {
	if a.db != nil {
		return nil
	}
	db, err := warehouse.Open(ctx, a.warehouseConfig())
	if err != nil {
		return err
	}
	a.db = db
	if _, err := db.Migrate(ctx); err != nil {
		return err
	}
	return nil
}

// warehouseConfig returns the configuration of the warehouse. The warehouse keeps real time: --today moves
// only what is evaluated, never the log of what was done when.
func (a *app) warehouseConfig() warehouse.Config {
	return warehouse.Config{
		DSN:         a.cfg.Engine.DSN,
		DataDir:     a.cfg.Data.Dir,
		Library:     a.cfg.Engine.Library,
		MemoryLimit: uint64(a.cfg.Engine.Memory),
		Port:        a.cfg.Engine.Port,
		Cluster:     a.cfg.Engine.Cluster,
		Database:    a.cfg.Engine.Database,
		Files:       a.files,
		Log:         a.log,
	}
}

// transformOptions returns the options of a transform or an evaluation for a user or job.
func (a *app) transformOptions(by string) transform.Options {
	opt := transform.Options{Today: a.today(), City: a.cfg.City.Code, By: by, Log: a.log, Memory: uint64(a.cfg.Engine.Statement), Rules: map[string]map[string]string{}, Headlines: map[string]string{}, Dose: a.doseRules(), Budgets: map[string]transform.Budget{}}
	for addressee, most := range a.cfg.Budget.ByAddressee() {
		opt.Budgets[addressee] = transform.Budget(most)
	}
	for rule, params := range a.cfg.Rules {
		for name, override := range params {
			if name == "headline" { // of an indicator, not a parameter of a rule
				opt.Headlines[rule] = override.Value
				continue
			}
			if opt.Rules[rule] == nil {
				opt.Rules[rule] = map[string]string{}
			}
			opt.Rules[rule][name] = override.Value
		}
	}
	return opt
}

// close lets go of the warehouse; the last command that uses the embedded engine stops it.
func (a *app) close() error {
	if a.db == nil {
		return nil
	}
	err := a.db.Close()
	a.db = nil
	if err != nil {
		return fmt.Errorf("close the warehouse: %w", err)
	}
	return nil
}

// today returns the date in Asia/Shanghai as midnight UTC.
func (a *app) today() time.Time { return period.Today(a.now, period.Shanghai()) }

// lang returns the language of the output.
func (a *app) lang() message.Lang { return a.printer.Lang() }

// text returns a text of the catalogue in the user's language.
func (a *app) text(key string, args map[string]any) string { return a.printer.Text(key, args) }

// say prints a line of the catalogue to stdout, or to stderr when stdout carries machine output.
func (a *app) say(key string, args map[string]any) {
	w := a.out
	if a.json {
		w = a.errOut
	}
	fmt.Fprintln(w, a.text(key, args))
}

// note prints a line of the catalogue to stderr: progress and advice.
func (a *app) note(key string, args map[string]any) { fmt.Fprintln(a.errOut, a.text(key, args)) }

// printJSON writes one value as a line of JSON to stdout.
func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

// report prints err for a person and returns the exit code.
func (a *app) report(err error) int {
	if err == nil {
		return exitDone
	}
	code := exitCode(err)
	var e *exitError
	if errors.As(err, &e) && e.err == nil {
		return code
	}
	fmt.Fprintln(a.errOut, a.text("cli.error", map[string]any{"error": a.sentence(err)}))
	return code
}

// messenger is an error whose sentence stands in the message catalogue.
type messenger interface {
	Message() (key string, args map[string]any)
}

// sentence returns what a person should read about err: its sentence of the catalogue where it has one.
func (a *app) sentence(err error) string {
	err = warehouse.DiskFull(err, a.cfg.Data.Dir)
	var w *warehouse.Error
	if errors.As(err, &w) {
		args := make(map[string]any, len(w.Args))
		for name, value := range w.Args {
			args[name] = value
		}
		if _, ok := a.catalogue.Lookup(w.Code); ok {
			return a.text(w.Code, args)
		}
	}
	var m messenger
	if errors.As(err, &m) {
		key, args := m.Message()
		if _, ok := a.catalogue.Lookup(key); ok {
			return a.text(key, args)
		}
	}
	return strings.TrimSpace(err.Error())
}
