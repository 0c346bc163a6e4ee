package ingest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Purposes of keys.
const (
	forPseudonyms = "pseudonym" // HMAC-SHA-256 of identity numbers; never changes, so that persons still match
	forRows       = "rows"      // AES-256-GCM of rejected rows as sent
	forVault      = "vault"     // AES-256-GCM of direct identifiers
)

// keyringFile names the file that holds all keys, each encrypted with the master key that it names.
const keyringFile = "keyring.json"

// keyringText is the content of the keyring file.
type keyringText struct {
	Master string       `json:"master"` // names the file master-….key
	Keys   []wrappedKey `json:"keys"`
}

// wrappedKey is one key, encrypted with the master key and bound to its purpose and number.
type wrappedKey struct {
	Purpose string    `json:"purpose"`
	Version int       `json:"version"` // from 1
	Made    time.Time `json:"made"`
	Wrapped string    `json:"wrapped"`

	secret []byte
}

// keys are the secrets of an installation. They never reach the warehouse.
type keys struct {
	dir       string
	text      keyringText
	pseudonym []byte
	rows      sealer
	vault     sealer
}

// sealer seals with its newest key and opens with any it has had. It is safe for several goroutines.
type sealer struct {
	newest int
	keys   map[int]cipher.AEAD
}

// seal encrypts plain and binds it to what it is about. The number of the key stands before a colon.
func (s sealer) seal(plain, about []byte) (string, error) {
	sealed, err := s.appendSealed(nil, plain, about)
	return string(sealed), err
}

// appendSealed is seal for many texts: it appends the sealed one.
func (s sealer) appendSealed(b, plain, about []byte) ([]byte, error) {
	aead := s.keys[s.newest]
	b = append(strconv.AppendInt(b, int64(s.newest), 10), ':')
	begin, size := len(b), aead.NonceSize()+len(plain)+aead.Overhead()
	at := begin + base64.StdEncoding.EncodedLen(size) // behind the place of the text that is made of it
	b = slices.Grow(b, at+size-begin)[:at+aead.NonceSize()]
	nonce := b[at:]
	if _, err := rand.Read(nonce); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	raw := aead.Seal(nonce, nonce, plain, about)
	base64.StdEncoding.Encode(b[begin:at], raw)
	return b[:at], nil
}

// open decrypts what seal has made. Without a number it was sealed with the first key.
func (s sealer) open(sealed string, about []byte) ([]byte, error) {
	number, text, found := strings.Cut(sealed, ":")
	if !found {
		number, text = "1", sealed
	}
	version, err := strconv.Atoi(number)
	if err != nil || s.keys[version] == nil {
		return nil, fmt.Errorf("sealed with key %s, which is not here", number)
	}
	aead := s.keys[version]
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(raw) < aead.NonceSize() {
		return nil, errors.New("broken text")
	}
	return aead.Open(nil, raw[:aead.NonceSize()], raw[aead.NonceSize():], about)
}

// openKeys reads the keys under dir and makes those that are not there yet, readable by their owner only. Of
// two processes that make them at the same time, one wins.
func openKeys(dir string) (*keys, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open keys: %w", err)
	}
	k, err := readKeys(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeKeys(dir); err != nil {
			return nil, fmt.Errorf("make keys: %w", err)
		}
		k, err = readKeys(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("open keys in %s: %w", dir, err)
	}
	return k, nil
}

// readKeys reads the keyring; a keyring that is not there is fs.ErrNotExist.
func readKeys(dir string) (*keys, error) {
	data, err := os.ReadFile(filepath.Join(dir, keyringFile))
	if err != nil {
		return nil, err
	}
	k := &keys{dir: dir, rows: sealer{keys: map[int]cipher.AEAD{}}, vault: sealer{keys: map[int]cipher.AEAD{}}}
	if err := json.Unmarshal(data, &k.text); err != nil {
		return nil, fmt.Errorf("read %s: %w", keyringFile, err)
	}
	master, err := readMaster(dir, k.text.Master)
	if err != nil {
		return nil, err
	}
	for i := range k.text.Keys {
		w := &k.text.Keys[i]
		raw, err := base64.StdEncoding.DecodeString(w.Wrapped)
		if err != nil || len(raw) < master.NonceSize() {
			return nil, fmt.Errorf("read %s: key %s %d is broken", keyringFile, w.Purpose, w.Version)
		}
		if w.secret, err = master.Open(nil, raw[:master.NonceSize()], raw[master.NonceSize():], w.about()); err != nil {
			return nil, fmt.Errorf("read %s: key %s %d does not belong to this master key: %w", keyringFile, w.Purpose, w.Version, err)
		}
		if err := k.take(w); err != nil {
			return nil, err
		}
	}
	if k.pseudonym == nil || k.rows.newest == 0 || k.vault.newest == 0 {
		return nil, fmt.Errorf("read %s: keys are missing", keyringFile)
	}
	return k, nil
}

// about binds a wrapped key to its purpose and number.
func (w *wrappedKey) about() []byte { return fmt.Appendf(nil, "%s %d", w.Purpose, w.Version) }

// take makes a key ready for use.
func (k *keys) take(w *wrappedKey) error {
	if w.Purpose == forPseudonyms {
		k.pseudonym = w.secret
		return nil
	}
	aead, err := newAEAD(w.secret)
	if err != nil {
		return err
	}
	s := &k.rows
	if w.Purpose == forVault {
		s = &k.vault
	}
	s.keys[w.Version] = aead
	s.newest = max(s.newest, w.Version)
	return nil
}

func newAEAD(secret []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, fmt.Errorf("use key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("use key: %w", err)
	}
	return aead, nil
}

func masterFile(name string) string { return "master-" + name + ".key" }

func readMaster(dir, name string) (cipher.AEAD, error) {
	secret, err := os.ReadFile(filepath.Join(dir, filepath.Base(masterFile(name))))
	if err != nil {
		return nil, fmt.Errorf("read the master key: %s", strings.TrimPrefix(err.Error(), "open ")) // missing is no reason to make new keys
	}
	if len(secret) != 32 {
		return nil, fmt.Errorf("read the master key %s: %d bytes, want 32", name, len(secret))
	}
	return newAEAD(secret)
}

// makeKeys makes a keyring unless there is one. Keys of the first form, one file each, are taken over.
func makeKeys(dir string) error {
	text := keyringText{}
	now := time.Now().UTC().Truncate(time.Second)
	for _, key := range []struct{ purpose, old string }{{forPseudonyms, "pseudonym.key"}, {forRows, "seal.key"}, {forVault, ""}} {
		w := wrappedKey{Purpose: key.purpose, Version: 1, Made: now}
		var err error
		if key.old != "" {
			if w.secret, err = os.ReadFile(filepath.Join(dir, key.old)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		if w.secret == nil {
			if w.secret, err = newSecret(); err != nil {
				return err
			}
		}
		text.Keys = append(text.Keys, w)
	}
	temporary, master, err := writeKeyring(dir, text)
	if err != nil {
		return err
	}
	err = os.Link(temporary, filepath.Join(dir, keyringFile)) // fails when another process was faster
	if errors.Is(err, fs.ErrExist) {
		return errors.Join(os.Remove(temporary), os.Remove(filepath.Join(dir, master)))
	}
	if err = errors.Join(err, os.Remove(temporary)); err != nil {
		return err
	}
	for _, old := range []string{"pseudonym.key", "seal.key"} {
		if err := os.Remove(filepath.Join(dir, old)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func newSecret() ([]byte, error) {
	secret := make([]byte, 32)
	_, err := rand.Read(secret)
	return secret, err
}

// writeKeyring makes a new master key and writes the keys, encrypted with it, to a temporary file beside the
// keyring. It returns the names of both files.
func writeKeyring(dir string, text keyringText) (temporary, master string, err error) {
	secret, err := newSecret()
	if err != nil {
		return "", "", err
	}
	name := make([]byte, 4)
	if _, err := rand.Read(name); err != nil {
		return "", "", err
	}
	text.Master = hex.EncodeToString(name)
	aead, err := newAEAD(secret)
	if err != nil {
		return "", "", err
	}
	text.Keys = slices.Clone(text.Keys)
	for i := range text.Keys {
		w := &text.Keys[i]
		nonce := make([]byte, aead.NonceSize())
		if _, err := rand.Read(nonce); err != nil {
			return "", "", err
		}
		w.Wrapped = base64.StdEncoding.EncodeToString(aead.Seal(nonce, nonce, w.secret, w.about()))
	}
	data, err := json.MarshalIndent(text, "", "  ")
	if err != nil {
		return "", "", err
	}
	master = masterFile(text.Master)
	if err := writeSecret(filepath.Join(dir, master), secret); err != nil {
		return "", "", err
	}
	temporary = filepath.Join(dir, "keyring-"+text.Master+".tmp")
	return temporary, master, writeSecret(temporary, append(data, '\n'))
}

// writeSecret writes a file for its owner only, down to the disk.
func writeSecret(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// renew replaces the master key, wraps all keys anew, and with fresh adds a newer key for rows and vault. drop
// says which keys are given up. The keyring changes in one step: killed before it, the old one holds; killed
// after it, the new one does. Then master keys that no keyring names are removed.
func (k *keys) renew(fresh bool, drop func(*wrappedKey) bool) error {
	text := keyringText{Keys: slices.Clone(k.text.Keys)}
	text.Keys = slices.DeleteFunc(text.Keys, func(w wrappedKey) bool { return drop != nil && drop(&w) })
	if fresh {
		for _, s := range []struct {
			purpose string
			newest  int
		}{{forRows, k.rows.newest}, {forVault, k.vault.newest}} {
			secret, err := newSecret()
			if err != nil {
				return fmt.Errorf("make key: %w", err)
			}
			text.Keys = append(text.Keys, wrappedKey{Purpose: s.purpose, Version: s.newest + 1, Made: time.Now().UTC().Truncate(time.Second), secret: secret})
		}
	}
	temporary, master, err := writeKeyring(k.dir, text)
	if err != nil {
		return fmt.Errorf("write keys: %w", err)
	}
	if err := os.Rename(temporary, filepath.Join(k.dir, keyringFile)); err != nil {
		return fmt.Errorf("write keys: %w", err)
	}
	if err := syncDir(k.dir); err != nil {
		return fmt.Errorf("write keys: %w", err)
	}
	left, err := filepath.Glob(filepath.Join(k.dir, "*"))
	if err != nil {
		return fmt.Errorf("remove old keys: %w", err)
	}
	for _, path := range left {
		name := filepath.Base(path)
		old := strings.HasPrefix(name, "master-") && strings.HasSuffix(name, ".key") && name != master
		if old || strings.HasPrefix(name, "keyring-") && strings.HasSuffix(name, ".tmp") {
			if err := os.Remove(path); err != nil {
				return fmt.Errorf("remove old keys: %w", err)
			}
		}
	}
	renewed, err := readKeys(k.dir)
	if err != nil {
		return fmt.Errorf("read the renewed keys: %w", err)
	}
	*k = *renewed
	return nil
}
