package config

import (
	"errors"
	"maps"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"ohwatch/internal/schedule"
)

var (
	cityCode    = regexp.MustCompile(`^[0-9]{6}$`)
	identifier  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)
	ruleName    = regexp.MustCompile(`^[A-Z][A-Z0-9-]{0,15}$`)
	sourceName  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,40}$`)
	phoneNumber = regexp.MustCompile(`^\+?[0-9][0-9 /-]{2,40}$`)
	paramName   = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)
)

// Validate checks the values of a configuration that was put together or changed by flags. Load has done so
// already. Errors are of type *Error, several of them joined.
func (c Config) Validate() error { return c.validate(source{}) }

// validate returns every value that cannot be right, with the place where it was set.
func (c Config) validate(sources source) error {
	var errs []error
	check := func(ok bool, key, value, want string) {
		if ok {
			return
		}
		args := map[string]string{"where": sources[key], "key": key, "value": value, "want": want}
		if args["where"] == "" {
			args["where"] = "-"
		}
		errs = append(errs, &Error{Code: "config.invalid", Args: args})
	}
	filled := func(key, value, want string) { check(value != "", key, value, want) }

	filled("data.dir", c.Data.Dir, "ohwatch-data")

	dsn, err := url.Parse(c.Engine.DSN)
	check(c.Engine.DSN == "" || err == nil && dsn.Scheme == "clickhouse" && dsn.Host != "",
		"engine.dsn", hidePassword(c.Engine.DSN), "clickhouse://user:password@host:9000/ohwatch")
	check(c.Engine.Memory == 0 || c.Engine.Memory >= 256<<20, "engine.memory", c.Engine.Memory.String(), "≥ 256MiB")
	check(c.Engine.Statement == 0 || c.Engine.Statement >= 64<<20, "engine.statement", c.Engine.Statement.String(), "≥ 64MiB")
	check(c.Engine.Port >= 0 && c.Engine.Port <= 65535, "engine.port", strconv.Itoa(c.Engine.Port), "0–65535")
	check(c.Engine.Cluster == "" || identifier.MatchString(c.Engine.Cluster), "engine.cluster", c.Engine.Cluster, "a-z 0-9 _")
	check(c.Engine.Database == "" || identifier.MatchString(c.Engine.Database), "engine.database", c.Engine.Database, "a-z 0-9 _")

	check(cityCode.MatchString(c.City.Code), "city.code", c.City.Code, "410184")
	filled("city.name_zh", c.City.NameZh, "新郑市")
	filled("city.name_en", c.City.NameEn, "Xinzheng")
	filled("city.organisation_zh", c.City.OrganisationZh, "新郑市卫生健康委员会")
	filled("city.organisation_en", c.City.OrganisationEn, "Xinzheng Health Commission")

	check(sourceName.MatchString(c.Assessment.Scheme), "assessment.scheme", c.Assessment.Scheme, "city")

	filled("ingest.folder", c.Ingest.Folder, "drop")
	check(isFolderName(c.Ingest.Done), "ingest.done", c.Ingest.Done, "done")
	check(isFolderName(c.Ingest.Failed) && c.Ingest.Failed != c.Ingest.Done, "ingest.failed", c.Ingest.Failed, "failed")
	check(c.Ingest.StableSeconds >= 1 && c.Ingest.StableSeconds <= 86400,
		"ingest.stable_seconds", strconv.Itoa(c.Ingest.StableSeconds), "1–86400")

	for _, job := range c.JobList() {
		key := "jobs." + job.Name
		if name, ok := strings.CutPrefix(job.Name, FetchPrefix); ok {
			key = fetchKey + "." + name
		}
		_, err := schedule.Parse(job.Cron)
		check(err == nil, key+".cron", job.Cron, "0 6 * * 1")
		_, err = schedule.ParsePolicy(job.CatchUp)
		check(err == nil, key+".catch_up", job.CatchUp, "once / skip / all")
		check(job.Retries >= 0 && job.Retries <= 20, key+".retries", strconv.Itoa(job.Retries), "0–20")
	}

	_, port, err := net.SplitHostPort(c.Serve.Listen)
	number, portErr := strconv.ParseUint(port, 10, 16)
	check(err == nil && portErr == nil && number <= 65535, "serve.listen", c.Serve.Listen, "127.0.0.1:8080")

	host, _, err := net.SplitHostPort(c.Upload.Listen)
	check(c.Upload.Listen == "" || err == nil, "upload.listen", c.Upload.Listen, "0.0.0.0:8443")
	open := c.Upload.Listen != "" && !isLoopback(host)
	check(!open || c.Upload.TLSCert != "", "upload.tls_cert", c.Upload.TLSCert, "/etc/ssl/ohwatch.pem")
	check((c.Upload.TLSCert == "") == (c.Upload.TLSKey == ""), "upload.tls_key", c.Upload.TLSKey, "/etc/ssl/private/ohwatch.key")
	check(c.Upload.MaxSize >= 1<<10 && c.Upload.MaxSize <= 1<<40, "upload.max_size", c.Upload.MaxSize.String(), "512MiB")
	check(c.Upload.PerMinute >= 1 && c.Upload.PerMinute <= 100_000, "upload.per_minute", strconv.Itoa(c.Upload.PerMinute), "1–100000")
	for _, name := range slices.Sorted(maps.Keys(c.Fetch)) {
		f, key := c.Fetch[name], fetchKey+"."+name
		check(sourceName.MatchString(name), key, name, "a-z 0-9 -")
		filled(key+".address", f.Address, "sftp.example.cn:22")
		filled(key+".user", f.User, "ohwatch")
		check(strings.Count(strings.TrimSpace(f.HostKey), " ") >= 1, key+".host_key", f.HostKey, "ssh-ed25519 AAAA…")
		check(f.KeyFile != "" || f.PasswordFile != "" || f.PasswordEnv != "", key+".key_file", f.KeyFile, "keys/"+name)
		filled(key+".folder", f.Folder, "/out")
		filled(key+".sender", f.Sender, "…")
		check(f.StableSeconds >= 0 && f.StableSeconds <= 86400, key+".stable_seconds", strconv.Itoa(f.StableSeconds), "0–86400")
	}

	for _, name := range slices.Sorted(maps.Keys(c.Contacts)) {
		contact, key := c.Contacts[name], "contacts."+name
		check(sourceName.MatchString(name), key, name, "a-z 0-9 -")
		filled(key+".role_zh", contact.RoleZh, "市疾控值班室")
		filled(key+".role_en", contact.RoleEn, "CDC duty desk")
		check(phoneNumber.MatchString(contact.Phone), key+".phone", contact.Phone, "0371-62690000")
	}

	filled("reports.out", c.Reports.Out, "reports")
	check(c.Reports.Lang == "zh" || c.Reports.Lang == "en", "reports.lang", c.Reports.Lang, "zh / en")
	check(c.Reports.SmallCells >= 2 && c.Reports.SmallCells <= 100, "reports.small_cells", strconv.Itoa(c.Reports.SmallCells), "2…100")

	check(slices.Contains([]string{"half", "zero", "mdl"}, c.Dose.BelowMDL), "dose.below_mdl", c.Dose.BelowMDL, "half / zero / mdl")
	check(c.Dose.FirstBlock >= 1900 && c.Dose.FirstBlock <= 2200, "dose.first_block", strconv.Itoa(c.Dose.FirstBlock), "2001")

	c.Delivery.validate(check, filled)
	budgets := c.Budget.ByAddressee()
	for _, addressee := range slices.Sorted(maps.Keys(budgets)) {
		key := "budget." + strings.ToLower(addressee)
		for _, n := range []struct {
			key string
			n   int
		}{{key + ".red", budgets[addressee].Red}, {key + ".orange", budgets[addressee].Orange}} {
			check(n.n >= -1 && n.n <= 100_000, n.key, strconv.Itoa(n.n), "-1, 0, 1 … 100000")
		}
	}

	for _, rule := range slices.Sorted(maps.Keys(c.Rules)) {
		check(ruleName.MatchString(rule), "rules."+rule, rule, "R04")
		for _, param := range slices.Sorted(maps.Keys(c.Rules[rule])) {
			key, override := "rules."+rule+"."+param, c.Rules[rule][param]
			check(paramName.MatchString(param), key, param, "a-z 0-9 _")
			filled(key+".value", override.Value, "1.5")
			filled(key+".reason", override.Reason, "…")
		}
	}
	return errors.Join(errs...)
}

// isLoopback reports whether host is this machine's own address.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// isFolderName reports whether name is a single folder name.
func isFolderName(name string) bool {
	return name != "" && name != "." && name != ".." && filepath.Base(name) == name && filepath.IsLocal(name)
}

// hidePassword returns the DSN without its password.
func hidePassword(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return "…"
	}
	return u.Redacted()
}
