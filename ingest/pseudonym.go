package ingest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Names of the key files under the keys directory.
const (
	pseudonymKey = "pseudonym.key" // HMAC-SHA-256
	sealKey      = "seal.key"      // AES-256-GCM
)

// keys are the secrets of an installation. They never reach the warehouse.
type keys struct {
	pseudonym []byte
	seal      cipher.AEAD
}

// openKeys reads the keys under dir and makes those that are not there yet, readable by their owner only.
func openKeys(dir string) (*keys, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open keys: %w", err)
	}
	pseudonym, err := openKey(filepath.Join(dir, pseudonymKey))
	if err != nil {
		return nil, err
	}
	secret, err := openKey(filepath.Join(dir, sealKey))
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, fmt.Errorf("open keys: %w", err)
	}
	seal, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("open keys: %w", err)
	}
	return &keys{pseudonym: pseudonym, seal: seal}, nil
}

// openKey reads a key of 32 bytes, or makes it. Of two processes that make it at the same time, one wins.
func openKey(path string) ([]byte, error) {
	for range 2 {
		key, err := os.ReadFile(path)
		switch {
		case err == nil && len(key) == 32:
			return key, nil
		case err == nil:
			return nil, fmt.Errorf("read key %s: %d bytes, want 32", path, len(key))
		case !errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("read key: %w", err)
		}
		if err := makeKey(path); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("read key %s: it cannot be made", path)
}

func makeKey(path string) error {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), "key-")
	if err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(key)
	if err = errors.Join(err, temporary.Chmod(0o600), temporary.Sync(), temporary.Close()); err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	if err := os.Link(temporary.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make key: %w", err)
	}
	return nil
}

// pseudonyms computes pseudonyms. It is not safe for several goroutines.
type pseudonyms struct {
	mac   hash.Hash
	sum   []byte
	names map[string]uuid.UUID
}

func (k *keys) pseudonyms() *pseudonyms {
	return &pseudonyms{mac: hmac.New(sha256.New, k.pseudonym), names: map[string]uuid.UUID{}}
}

// person is the pseudonym of a normalised identity number.
func (p *pseudonyms) person(number string) uuid.UUID {
	p.mac.Reset()
	p.mac.Write([]byte(number))
	p.sum = p.mac.Sum(p.sum[:0])
	return uuid.UUID(p.sum[:16])
}

// name is the pseudonym of a person's name.
func (p *pseudonyms) name(name string) uuid.UUID {
	if id, ok := p.names[name]; ok {
		return id
	}
	id := p.person("name:" + fold(name))
	if len(p.names) < 100_000 {
		p.names[strings.Clone(name)] = id
	}
	return id
}

// sealedCell is one filled cell of a row as it was sent.
type sealedCell struct {
	Heading string `json:"h"`
	Column  int    `json:"c"` // counted from 0
	Text    string `json:"t"`
	Number  bool   `json:"n,omitempty"` // a number in a spreadsheet
}

// sealRow encrypts a row as it was sent.
func (k *keys) sealRow(cells []sealedCell) (string, error) {
	plain, err := json.Marshal(cells)
	if err != nil {
		return "", fmt.Errorf("seal row: %w", err)
	}
	nonce := make([]byte, k.seal.NonceSize(), k.seal.NonceSize()+len(plain)+k.seal.Overhead())
	if _, err := rand.Read(nonce); err != nil {
		return "", fmt.Errorf("seal row: %w", err)
	}
	return base64.StdEncoding.EncodeToString(k.seal.Seal(nonce, nonce, plain, nil)), nil
}

// openRow decrypts a row that was sealed with the keys of this installation.
func (k *keys) openRow(sealed string) ([]sealedCell, error) {
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil || len(raw) < k.seal.NonceSize() {
		return nil, errors.New("open sealed row: broken text")
	}
	plain, err := k.seal.Open(nil, raw[:k.seal.NonceSize()], raw[k.seal.NonceSize():], nil)
	if err != nil {
		return nil, fmt.Errorf("open sealed row: %w", err)
	}
	var cells []sealedCell
	if err := json.Unmarshal(plain, &cells); err != nil {
		return nil, fmt.Errorf("open sealed row: %w", err)
	}
	return cells, nil
}

// mask hides a personal value: two characters at each end stay of a long one, the first of a short one.
func mask(s string) string {
	n := utf8.RuneCountInString(s)
	switch {
	case n == 0:
		return ""
	case n < 8:
		r, _ := utf8.DecodeRuneInString(s)
		return string(r) + strings.Repeat("*", n-1)
	}
	runes := []rune(s)
	return string(runes[:2]) + strings.Repeat("*", n-4) + string(runes[n-2:])
}

// maskNumbers hides runs of digits that are long enough to be a telephone or identity number.
func maskNumbers(s string) string {
	run := 0
	for i := range len(s) + 1 {
		if i < len(s) && (digit(s[i]) || run >= 10 && (s[i] == 'X' || s[i] == 'x')) {
			run++
			continue
		}
		if run >= 11 {
			return maskNumbers(s[:i-run]+mask(s[i-run:i])) + maskNumbers(s[i:])
		}
		run = 0
	}
	return s
}
