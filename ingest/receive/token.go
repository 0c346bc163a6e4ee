package receive

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/warehouse"
)

// ErrToken says that a token is not known, or no longer valid. It never says which.
var ErrToken = errors.New("token is not valid")

// Token is what is known of a token after it was handed out.
type Token struct {
	Token  string    `ch:"token" json:"token"` // public part
	Sender string    `ch:"sender" json:"sender"`
	Issued time.Time `ch:"issued" json:"issued_at"`
	SHA256 string    `ch:"sha256" json:"-"`
}

// tokenPrefix makes a token recognisable, for people and for programs that look for leaked secrets.
const tokenPrefix = "ohw"

// IssueToken makes a token for a sender: ohw_NAME_SECRET with 256 random bits. Only its hash is kept, so this is the
// one time that the token can be shown. A token of so many random bits needs no slow hash.
func IssueToken(ctx context.Context, db *warehouse.DB, sender, by string, now time.Time) (name, token string, err error) {
	if _, err := FindProfile(ctx, db, sender); err != nil {
		return "", "", err
	}
	var public [6]byte
	var secret [32]byte
	if _, err := rand.Read(public[:]); err != nil {
		return "", "", fmt.Errorf("make a token: %w", err)
	}
	if _, err := rand.Read(secret[:]); err != nil {
		return "", "", fmt.Errorf("make a token: %w", err)
	}
	name = hex.EncodeToString(public[:])
	token = tokenPrefix + "_" + name + "_" + base64.RawURLEncoding.EncodeToString(secret[:])
	err = insert(ctx, db, "ops_token", []value{
		{"token", name}, {"at", now}, {"state", "issued"}, {"sender", sender}, {"sha256", hashOf(token)}, {"by", by},
	})
	if err != nil {
		return "", "", fmt.Errorf("record the token: %w", err)
	}
	return name, token, nil
}

// Tokens returns the valid tokens of a sender, or of all when sender is empty.
func Tokens(ctx context.Context, db *warehouse.DB, sender string) ([]Token, error) {
	var found []Token
	if err := db.Select(ctx, &found, "receive_tokens", clickhouse.Named("sender", sender), clickhouse.Named("token", "")); err != nil {
		return nil, fmt.Errorf("read the tokens: %w", err)
	}
	return found, nil
}

// RevokeToken ends a token at once.
func RevokeToken(ctx context.Context, db *warehouse.DB, t Token, by string, now time.Time) error {
	if !now.After(t.Issued) {
		now = t.Issued.Add(time.Millisecond)
	}
	err := insert(ctx, db, "ops_token", []value{
		{"token", t.Token}, {"at", now}, {"state", "revoked"}, {"sender", t.Sender}, {"sha256", t.SHA256}, {"by", by},
	})
	if err != nil {
		return fmt.Errorf("revoke the token %s: %w", t.Token, err)
	}
	return nil
}

// whose returns the profile of the sender that a token belongs to, and the token's name, or ErrToken. The time it takes
// does not depend on how much of the secret is right.
func whose(ctx context.Context, db *warehouse.DB, token string) (Profile, string, error) {
	parts := strings.SplitN(token, "_", 3)
	if len(parts) != 3 || parts[0] != tokenPrefix || len(parts[1]) != 12 || len(token) > 100 {
		return Profile{}, "", ErrToken
	}
	var found []Token
	if err := db.Select(ctx, &found, "receive_tokens", clickhouse.Named("sender", ""), clickhouse.Named("token", parts[1])); err != nil {
		return Profile{}, "", fmt.Errorf("look up a token: %w", err)
	}
	want := strings.Repeat("0", 64)
	if len(found) == 1 {
		want = found[0].SHA256
	}
	if subtle.ConstantTimeCompare([]byte(hashOf(token)), []byte(want)) != 1 || len(found) != 1 {
		return Profile{}, "", ErrToken
	}
	p, err := FindProfile(ctx, db, found[0].Sender)
	if errors.Is(err, ErrNoSender) {
		return Profile{}, "", ErrToken
	}
	return p, found[0].Token, err
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
