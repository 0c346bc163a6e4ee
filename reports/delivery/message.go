// Package delivery brings messages to people and programs: an outbox in the warehouse, and senders for mail, webhooks and
// drop folders. What is enqueued twice is sent once; what cannot be sent now is tried again until it can, or until the other side
// refuses it for good; nothing is given up silently.
//
// One window cannot be closed: when the process dies after the other side has taken a message and before that is recorded,
// the message is sent once more. The repeat carries the same Message-ID or Idempotency-Key, by which receivers can drop it.
package delivery

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Mail is the channel of mail; the others have the names that the configuration gives them.
const Mail = "mail"

// Message is one message to one recipient.
type Message struct {
	// Key says what the message is, in words that never mean another one: warnings/2026-W46/JDS/mail/li@example.cn. A message whose
	// key is in the outbox already is not enqueued again.
	Key       string
	Kind      string   // warnings, red, report …
	Addressee string   // WJW, TS-410184106 … or the list of a report
	Channel   string   // Mail, or the name of a configured channel
	Recipient string   // address of a mail, else empty
	Refs      []string // what it tells of, for Told; may be empty
	Content
}

// Content is what a message says. Each channel takes what it can carry.
type Content struct {
	Subject  string          `json:"subject"`            // one line; the title on chats
	Text     string          `json:"text,omitempty"`     // mail: plain text
	HTML     string          `json:"html,omitempty"`     // mail: the same with structure; pictures as cid:NAME
	Markdown string          `json:"markdown,omitempty"` // chats
	Data     json.RawMessage `json:"data,omitempty"`     // JSON webhooks: one value
	Inline   []File          `json:"inline,omitempty"`   // mail: pictures of HTML, by their names
	Files    []File          `json:"files,omitempty"`    // mail: attachments; drop folders: the files
}

// File is one file of a message.
type File struct {
	Name string `json:"name"` // without a folder
	Type string `json:"type"` // as application/pdf
	Data []byte `json:"data"`
}

// ID names a message to the other side, the same at every attempt: 32 hexadecimal digits.
func (m Message) ID() string { return idOf(m.Key) }

func idOf(key string) string {
	sum := sha256.Sum256([]byte("ohwatch message 1\x1f" + key))
	return hex.EncodeToString(sum[:16])
}

// payload is the content as it is kept, and its hash.
func (c Content) payload() (text, sum string, err error) {
	data, err := json.Marshal(c)
	if err != nil {
		return "", "", fmt.Errorf("write the content of a message: %w", err)
	}
	hash := sha256.Sum256(data)
	return string(data), hex.EncodeToString(hash[:]), nil
}

// State is how a message stands.
type State string

// The states of a message.
const (
	Queued    State = "queued"    // not tried yet, or to be tried anew
	Sending   State = "sending"   // begun; when nothing follows, the process died in it, and the message is tried again
	Delayed   State = "delayed"   // tried without success, will be tried again
	Sent      State = "sent"      // the other side has taken it
	Failed    State = "failed"    // the other side has refused it for good
	Bounced   State = "bounced"   // the other side took it, and sent it back later
	Cancelled State = "cancelled" // by a person
)

// waiting are the states in which a message is still to be sent.
func waiting() []string { return []string{string(Queued), string(Sending), string(Delayed)} }

// Entry is a message of the outbox with its present state.
type Entry struct {
	ID        string    `ch:"id" json:"id"`
	Key       string    `ch:"key" json:"key"`
	Kind      string    `ch:"kind" json:"kind"`
	Addressee string    `ch:"addressee" json:"addressee"`
	Channel   string    `ch:"channel" json:"channel"`
	Recipient string    `ch:"recipient" json:"recipient"`
	Subject   string    `ch:"subject" json:"subject"`
	Refs      []string  `ch:"refs" json:"-"`
	SHA256    string    `ch:"sha256" json:"sha256"`
	Bytes     uint64    `ch:"bytes" json:"bytes"`
	By        string    `ch:"by" json:"by"`
	QueuedAt  time.Time `ch:"queued_at" json:"queued_at"`
	State     State     `ch:"state" json:"state"`
	N         uint32    `ch:"n" json:"-"` // number of its last event
	Attempt   uint32    `ch:"attempt" json:"attempts"`
	Words     string    `ch:"words" json:"words"`     // what the other side said last
	LastAt    time.Time `ch:"last_at" json:"last_at"` // of its last event
	NextAt    time.Time `ch:"next_at" json:"next_at"` // not before the next attempt
	Since     time.Time `ch:"since" json:"-"`         // from which it waits: enqueued, or queued anew by a person
	Stuck     bool      `ch:"-" json:"stuck"`         // filled by Outbox.List: it has waited for too long
}

// Waiting reports whether the message is still to be sent.
func (e Entry) Waiting() bool { return e.State == Queued || e.State == Sending || e.State == Delayed }

// Target is where the recipient of a message is, as in tables: the address, or the name of the channel.
func (e Entry) Target() string {
	if e.Recipient != "" {
		return e.Recipient
	}
	return e.Channel
}

// Scan reads a state from a column of text.
func (s *State) Scan(value any) error {
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("read the state of a message from %T", value)
	}
	*s = State(text)
	return nil
}

// Event is one event in the life of a message.
type Event struct {
	N       uint32    `ch:"n" json:"n"`
	At      time.Time `ch:"at" json:"at"`
	State   State     `ch:"state" json:"state"`
	Attempt uint32    `ch:"attempt" json:"attempt"`
	NextAt  time.Time `ch:"next_at" json:"next_at"`
	Words   string    `ch:"words" json:"words"`
	By      string    `ch:"by" json:"by"`
}
