package config

import (
	"cmp"
	"maps"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Delivery says how warnings and reports reach their addressees.
type Delivery struct {
	StuckDays int    `yaml:"stuck_days"` // a message that could not be delivered for so long is called stuck; it is still tried
	LinkBase  string `yaml:"link_base"`  // address under which signed links are reached, as https://host:8443; empty: messages carry none
	LinkDays  int    `yaml:"link_days"`  // how long a signed link holds

	Mail MailServer `yaml:"mail"`

	// Channels are webhooks and drop folders, by name.
	Channels map[string]Channel `yaml:"channels"`

	// To holds for each addressee of warnings, as WJW, TS or TS-410184106, its targets: mail addresses and names of channels, separated by
	// commas or spaces.
	To map[string]string `yaml:"to"`

	// Reports holds the same for each kind of report, as weekly, township or township-410184106.
	Reports map[string]string `yaml:"reports"`
}

// MailServer is the server that takes mail.
type MailServer struct {
	Host         string `yaml:"host"` // empty: no mail is sent
	Port         int    `yaml:"port"`
	TLS          string `yaml:"tls"`           // starttls, tls (from the first byte on) or none (for a relay on this machine)
	CAFile       string `yaml:"ca_file"`       // PEM file of the authority that signed the server's certificate; empty: those of the system
	User         string `yaml:"user"`          // empty: no log-in
	Password     string `yaml:"password"`      // better by its environment variable, or in a file
	PasswordFile string `yaml:"password_file"` // relative to the data directory
	From         string `yaml:"from"`          // address, with or without a name
	ReplyTo      string `yaml:"reply_to"`
	Bounces      string `yaml:"bounces"` // Maildir to which what comes back to From is delivered, relative to the data directory; empty: not read
}

// Channel is a webhook or a drop folder.
type Channel struct {
	Kind       string `yaml:"kind"`        // wecom, dingtalk, webhook or folder
	URL        string `yaml:"url"`         // holds a secret for wecom and dingtalk: better by its environment variable, or in a file
	URLFile    string `yaml:"url_file"`    // relative to the data directory
	Secret     string `yaml:"secret"`      // with which dingtalk and webhook are signed
	SecretFile string `yaml:"secret_file"` // relative to the data directory
	CAFile     string `yaml:"ca_file"`     // as of mail
	Folder     string `yaml:"folder"`      // of folder, relative to the data directory
}

// MailChannel is the name of the channel of mail; no other may have it.
const MailChannel = "mail"

// Target is one place that messages go to.
type Target struct {
	Channel string // MailChannel, or a name in Delivery.Channels
	Address string // of mail
}

// Targets reads a list of targets; what looks like an address is one.
func Targets(list string) []Target {
	var all []Target
	for _, word := range strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(", ;\t\n，；、", r) }) {
		if strings.Contains(word, "@") {
			all = append(all, Target{Channel: MailChannel, Address: word})
			continue
		}
		all = append(all, Target{Channel: word})
	}
	return all
}

// For returns the targets of an addressee of warnings; area is empty, or that of a township, which may have targets of its own.
func (d Delivery) For(addressee, area string) []Target { return own(d.To, addressee, area) }

// ForReport returns the targets of a kind of report; area is empty, or that of a township.
func (d Delivery) ForReport(kind, area string) []Target { return own(d.Reports, kind, area) }

func own(lists map[string]string, name, area string) []Target {
	if list, ok := lists[name+"-"+area]; ok && area != "" {
		return Targets(list)
	}
	return Targets(lists[name])
}

// Wanted reports whether anything is to be delivered at all.
func (d Delivery) Wanted() bool { return len(d.To) > 0 || len(d.Reports) > 0 }

// HasSecret reports whether a secret stands in the section itself: a password, a key, or the address of a chat robot.
func (d Delivery) HasSecret() bool {
	for _, c := range d.Channels {
		if c.Secret != "" || c.URL != "" && c.Kind != "webhook" {
			return true
		}
	}
	return d.Mail.Password != ""
}

var (
	addresseeName = regexp.MustCompile(`^(WJW|JDS|CDC|TS|EMP|INST|RSJ|YB|MZ|GOV)(-[0-9]{6,12})?$`)
	reportName    = regexp.MustCompile(`^[a-z]+(-[0-9]{6,12})?$`)
)

// isAddress reports whether text is one mail address, with or without a name.
func isAddress(text string) bool {
	_, err := mail.ParseAddress(text)
	return err == nil
}

// isTarget reports whether a target of a list can be reached by what is configured.
func (d Delivery) isTarget(t Target) bool {
	if t.Channel == MailChannel {
		a, err := mail.ParseAddress(t.Address)
		return err == nil && a.Address == t.Address && d.Mail.Host != ""
	}
	_, ok := d.Channels[t.Channel]
	return ok
}

// validate checks the section delivery. Values that may hold a secret are not shown.
func (d Delivery) validate(check func(ok bool, key, value, want string), filled func(key, value, want string)) {
	check(d.StuckDays >= 1 && d.StuckDays <= 365, "delivery.stuck_days", strconv.Itoa(d.StuckDays), "1–365")
	check(d.LinkDays >= 1 && d.LinkDays <= 366, "delivery.link_days", strconv.Itoa(d.LinkDays), "1–366")
	check(d.LinkBase == "" || isWebAddress(d.LinkBase), "delivery.link_base", d.LinkBase, "https://ohwatch.example.cn:8443")

	m := d.Mail
	check(m.Port >= 1 && m.Port <= 65535, "delivery.mail.port", strconv.Itoa(m.Port), "587")
	check(slices.Contains([]string{"starttls", "tls", "none"}, m.TLS), "delivery.mail.tls", m.TLS, "starttls / tls / none")
	if m.Host != "" {
		check(isAddress(m.From), "delivery.mail.from", m.From, "ohwatch@example.cn")
		check(m.ReplyTo == "" || isAddress(m.ReplyTo), "delivery.mail.reply_to", m.ReplyTo, "office@example.cn")
		check(m.TLS != "none" || isLoopback(m.Host) && m.User == "", "delivery.mail.tls", m.TLS, "starttls / tls")
		check(m.User == "" || m.Password != "" || m.PasswordFile != "", "delivery.mail.password_file", "", "keys/mail")
	}
	for _, name := range slices.Sorted(maps.Keys(d.Channels)) {
		ch, key := d.Channels[name], "delivery.channels."+name
		check(sourceName.MatchString(name) && name != MailChannel, key, name, "a-z 0-9 -")
		check(slices.Contains([]string{"wecom", "dingtalk", "webhook", "folder"}, ch.Kind), key+".kind", ch.Kind, "wecom / dingtalk / webhook / folder")
		if ch.Kind == "folder" {
			filled(key+".folder", ch.Folder, "/srv/warnings")
			continue
		}
		check(ch.URL != "" || ch.URLFile != "", key+".url", "", "https://…")
		check(ch.URL == "" || isWebAddress(ch.URL), key+".url", "…", "https://…")
		check(ch.Kind != "webhook" || ch.Secret != "" || ch.SecretFile != "", key+".secret_file", "", "keys/"+name)
	}
	for _, section := range []struct {
		key, names string
		name       *regexp.Regexp
		lists      map[string]string
	}{
		{"delivery.to", "WJW JDS CDC TS TS-410184106 EMP INST RSJ YB MZ GOV", addresseeName, d.To},
		{"delivery.reports", "weekly, township, township-410184106", reportName, d.Reports},
	} {
		for _, name := range slices.Sorted(maps.Keys(section.lists)) {
			key := section.key + "." + name
			check(section.name.MatchString(name), key, name, section.names)
			for _, t := range Targets(section.lists[name]) {
				want := strings.Join(slices.Sorted(maps.Keys(d.Channels)), " / ")
				if d.Mail.Host != "" {
					want = strings.TrimPrefix(want+" / li@example.cn", " / ")
				}
				check(d.isTarget(t), key, cmp.Or(t.Address, t.Channel), cmp.Or(want, "delivery.mail.host, delivery.channels"))
			}
		}
	}
}

// isWebAddress reports whether text is an address of a server that is encrypted, or on this machine.
func isWebAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()))
}
