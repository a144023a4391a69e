package harness

import (
	"bytes"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"os"

	"github.com/onsi/ginkgo/v2"

	"assay/fixtures/pki"
	"assay/suite/internal/world"
)

// Damage is a way in which a file of the cache can be spoilt.
type Damage string

// The ways of a cache entry, as the catalogue's rows call them.
const (
	damageEmpty     Damage = "empty"          // no byte
	damageTruncated Damage = "truncated"      // ends in the middle
	damageGarbage   Damage = "garbage"        // random bytes
	damageBadKey    Damage = "bad-key"        // PEM as it should be, around a key that is none
	damageMismatch  Damage = "mismatched-key" // another's key
	damageOtherName Damage = "other-name"     // a good pair for another name
	damageDirectory Damage = "directory"      // a directory in the file's place
	DamageLost      Damage = "lost"           // not there
	damageKeyOnly   Damage = "key-only"       // the key alone
)

// DamageFile damages the file at path, which exists unless it is to be lost.
func (e *Env) DamageFile(path string, how Damage) {
	ginkgo.GinkgoHelper()
	if how == DamageLost {
		e.Must(os.RemoveAll(path))
		return
	}
	text, err := os.ReadFile(path)
	e.Must(err)
	switch how {
	case damageEmpty:
		text = nil
	case damageTruncated:
		text = text[:len(text)*2/3]
	case damageGarbage:
		rand.Read(text)
	case damageBadKey:
		_, rest := pem.Decode(text)
		text = append(
			pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte("no key")}),
			rest...)
	case damageMismatch:
		_, rest := pem.Decode(text)
		other, err := pki.NewAutocertAccountKey()
		e.Must(err)
		text = append(bytes.TrimSpace(other), '\n')
		text = append(text, rest...)
	case damageOtherName:
		text, err = pki.AutocertCacheEntry(
			e.Identity(pki.Spec{Names: []string{"other.example.test"}, Intermediates: 1}),
		)
		e.Must(err)
	case damageKeyOnly:
		key, _ := pem.Decode(text)
		text = pem.EncodeToMemory(key)
	case damageDirectory:
		e.Must(os.Remove(path))
		e.Must(os.Mkdir(path, 0o700))
		return
	default:
		e.Must(fmt.Errorf("unknown damage %q", how))
	}
	e.Must(os.WriteFile(path, text, 0o600))
}

// SetWritable says whether files can be made in a directory of the spec's. The
// target has no capability, so permissions bind it.
func (e *Env) SetWritable(dir string, allowed bool) {
	ginkgo.GinkgoHelper()
	mode := os.FileMode(0o500)
	if allowed {
		mode = 0o700
	}
	e.Must(os.Chmod(e.Path(dir), mode))
}

// FullDisk makes a directory of the spec's that is a disk of its own, without a
// byte to spare, and returns what makes room on it. What the directory held is
// on the disk. The machine may not let us: then the spec is skipped.
func (e *Env) FullDisk(dir string) (makeRoom func()) {
	ginkgo.GinkgoHelper()
	const size = 16 << 10
	held := map[string][]byte{}
	e.MkDir(dir)
	entries, err := os.ReadDir(e.Path(dir))
	e.Must(err)
	for _, entry := range entries {
		held[entry.Name()], err = os.ReadFile(e.Path(dir, entry.Name()))
		e.Must(err)
	}
	remove, err := world.SmallDisk(e.World, e.Path(dir), size)
	e.SkipUnless(err == nil, fmt.Sprint("needs a small disk: ", err))
	e.Closers = append(e.Closers, remove)
	for name, text := range held {
		e.Must(os.WriteFile(e.Path(dir, name), text, 0o600))
	}
	filler := e.Path(dir, "filler")
	file, err := os.Create(filler)
	e.Must(err)
	defer file.Close()
	for err == nil {
		_, err = file.Write(make([]byte, 4<<10)) // until there is no space left
	}
	return func() { e.Must(os.Remove(filler)) }
}
