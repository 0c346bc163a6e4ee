package delivery

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/mail"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"ohwatch/internal/config"
)

// mailTimeout bounds each step of a dialogue with a mail server.
const mailTimeout = 30 * time.Second

// mailSender hands messages to an SMTP server, over one connection for all messages of a flush.
type mailSender struct {
	server  config.MailServer
	secrets secrets

	client     *gomail.Client
	connection *smtp.Client // nil: not connected
}

// Send hands one mail to the server. What the server says of the recipient or the content with a code from 500 on is final;
// what it says of us, or not at all, is not.
func (m *mailSender) Send(ctx context.Context, e Entry, c Content) error {
	mail, err := m.compose(e, c)
	if err != nil {
		return &Refused{err.Error()}
	}
	if m.connection == nil {
		if err := m.dial(ctx); err != nil {
			return err
		}
	}
	err = m.client.SendWithSMTPClient(m.connection, mail)
	if mail.IsDelivered() {
		if err != nil { // after the server had taken it
			m.hangUp()
		}
		return nil
	}
	var failure *gomail.SendError
	if !errors.As(err, &failure) || failure.ErrorCode() == 0 {
		m.hangUp()
		return &Unreachable{err}
	}
	final := failure.Reason == gomail.ErrSMTPRcptTo || failure.Reason == gomail.ErrSMTPData || failure.Reason == gomail.ErrSMTPDataClose
	if final && failure.ErrorCode() >= 500 {
		return &Refused{serverWords(failure)}
	}
	m.hangUp()
	return errors.New(serverWords(failure))
}

// serverWords is what the server said, out of what the library says about it.
func serverWords(failure *gomail.SendError) string {
	words := strings.TrimPrefix(failure.Error(), failure.Reason.String()+": ")
	words, _, _ = strings.Cut(words, ", affected ")
	if code, quoted, ok := strings.Cut(words, " "); ok {
		if plain, err := strconv.Unquote(quoted); err == nil {
			words = code + " " + plain
		}
	}
	return words
}

// compose writes a message as mail. The same message makes the same headers at every attempt.
func (m *mailSender) compose(e Entry, c Content) (*gomail.Msg, error) {
	from, err := mail.ParseAddress(m.server.From)
	if err != nil {
		return nil, fmt.Errorf("delivery.mail.from: %w", err)
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(from)
	if err := msg.To(e.Recipient); err != nil {
		return nil, err
	}
	if m.server.ReplyTo != "" {
		if err := msg.ReplyTo(m.server.ReplyTo); err != nil {
			return nil, fmt.Errorf("delivery.mail.reply_to: %w", err)
		}
	}
	msg.Subject(oneLine(c.Subject))
	msg.SetDateWithValue(e.QueuedAt)
	msg.SetMessageIDWithValue(e.ID + messageHost(from.Address))
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "OOF, AutoReply")
	msg.SetBodyString(gomail.TypeTextPlain, c.Text)
	if c.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, c.HTML)
	}
	for _, f := range c.Inline {
		err := msg.EmbedReader(f.Name, bytes.NewReader(f.Data), gomail.WithFileContentType(gomail.ContentType(f.Type)), gomail.WithFileContentID("<"+f.Name+">"))
		if err != nil {
			return nil, err
		}
	}
	for _, f := range c.Files {
		if err := msg.AttachReader(f.Name, bytes.NewReader(f.Data), gomail.WithFileContentType(gomail.ContentType(f.Type))); err != nil {
			return nil, err
		}
	}
	return msg, nil
}

// messageHost is what follows the id of a message in its Message-ID: the domain of the sender.
func messageHost(from string) string { return from[strings.LastIndex(from, "@"):] }

// dial connects to the server and logs in.
func (m *mailSender) dial(ctx context.Context) error {
	password, err := m.secrets.read(m.server.Password, m.server.PasswordFile)
	if err != nil {
		return err
	}
	trust, err := m.secrets.trust(m.server.Host, m.server.CAFile)
	if err != nil {
		return err
	}
	options := []gomail.Option{gomail.WithPort(m.server.Port), gomail.WithTimeout(mailTimeout), gomail.WithTLSConfig(trust)}
	switch m.server.TLS {
	case "tls":
		options = append(options, gomail.WithSSL())
	case "none":
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if m.server.User != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(m.server.User), gomail.WithPassword(password))
	}
	client, err := gomail.NewClient(m.server.Host, options...)
	if err != nil {
		return &Unreachable{err}
	}
	connection, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		var unknown *tls.CertificateVerificationError
		if errors.As(err, &unknown) {
			err = fmt.Errorf("the certificate of %s: %w", m.server.Host, unknown.Err)
		}
		return &Unreachable{err}
	}
	m.client, m.connection = client, connection
	return nil
}

// hangUp ends a connection that is not to be used any more.
func (m *mailSender) hangUp() {
	if m.connection != nil {
		_ = m.connection.Close()
		m.connection = nil
	}
}

// Check connects and logs in.
func (m *mailSender) Check(ctx context.Context) error {
	if err := m.dial(ctx); err != nil {
		return err
	}
	return m.Close()
}

// Close takes leave of the server.
func (m *mailSender) Close() error {
	if m.connection == nil {
		return nil
	}
	err := m.client.CloseWithSMTPClient(m.connection)
	m.connection = nil
	return err
}
