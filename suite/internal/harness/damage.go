package harness

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"assay/fixtures/pki"
	"assay/suite/internal/limits"
	"assay/suite/internal/logtext"
	"assay/suite/internal/match"
	"assay/suite/internal/processes"
	"assay/suite/internal/storage"
	"assay/suite/internal/sut"
	"assay/suite/internal/wire"
	"assay/suite/internal/world"
)

// Damage names a way to damage a file of the cache.
type Damage string

// The kinds of damage, as the catalogue's rows call them.
const (
	damageEmpty     Damage = "empty"          // the file has no byte
	damageTruncated Damage = "truncated"      // the last third of the file is missing
	damageGarbage   Damage = "garbage"        // the file holds random bytes
	damageBadKey    Damage = "bad-key"        // the PEM block of the key holds no key
	damageMismatch  Damage = "mismatched-key" // the key belongs to another certificate
	damageOtherName Damage = "other-name"     // the certificate is for another name
	damageDirectory Damage = "directory"      // a directory has replaced the file
	DamageLost      Damage = "lost"           // the file is missing
	damageKeyOnly   Damage = "key-only"       // the file holds the key alone
)

// DamageFile damages the file at path. The file has to exist, except for
// DamageLost.
func (e *Env) DamageFile(path string, how Damage) {
	ginkgo.GinkgoHelper()
	if how == DamageLost {
		e.Remove(path)
		return
	}
	text, err := e.Read(path), error(nil)
	switch how {
	case damageEmpty:
		text = nil
	case damageTruncated:
		text = text[:len(text)*2/3]
	case damageGarbage:
		rand.Read(text)
	case damageBadKey:
		_, rest := pem.Decode(text)
		noKey := &pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte("no key")}
		text = append(pem.EncodeToMemory(noKey), rest...)
	case damageMismatch:
		_, rest := pem.Decode(text)
		other, err := pki.NewAutocertAccountKey("")
		e.Must(err)
		text = append(bytes.TrimSpace(other), '\n')
		text = append(text, rest...)
	case damageOtherName:
		other := e.Identity(pki.Spec{Names: []string{"other.example.test"}, Intermediates: 1})
		text, err = pki.AutocertCacheEntry(other)
		e.Must(err)
	case damageKeyOnly:
		key, _ := pem.Decode(text)
		text = pem.EncodeToMemory(key)
	case damageDirectory:
		e.Must(e.below.Remove(path))
		e.Must(e.below.Mkdir(path, 0o700))
		return
	default:
		e.Must(fmt.Errorf("unknown damage %q", how))
	}
	e.Must(e.below.WriteFile(path, text, 0o600))
}

// Storage is a directory of the spec to which a test can give a fault.
type Storage struct {
	env  *Env
	dir  *storage.Directory
	path string
}

// Storage prepares a directory of the spec for a fault, and creates the directory
// if it does not exist. Files in it stay. The spec is skipped if the world cannot
// produce the fault.
func (e *Env) Storage(dir string, fault storage.Fault) *Storage {
	ginkgo.GinkgoHelper()
	e.Must(e.below.MkdirAll(e.Path(dir), 0o700))
	d, err := storage.Prepare(e.World, e.below, dir, fault)
	e.SkipUnless(!errors.Is(err, world.ErrUnsupported),
		fmt.Sprint("needs a file system of its own: ", err))
	e.Must(err)
	e.Closers = append(e.Closers, d.Close)
	return &Storage{env: e, dir: d, path: e.Path(dir)}
}

// Break gives the directory its fault.
func (d *Storage) Break() {
	ginkgo.GinkgoHelper()
	d.env.secrets() // the report must not hold the keys, even if their files are gone
	d.env.Must(d.dir.Break())
}

// Mend ends the fault.
func (d *Storage) Mend() {
	ginkgo.GinkgoHelper()
	d.env.Must(d.dir.Mend())
}

// Holds reports whether a file below the directory holds this certificate.
func (d *Storage) Holds(cert *x509.Certificate) bool {
	found := false
	_ = d.env.below.Walk(d.path, func(name string, entry fs.DirEntry) error {
		if entry.Type().IsRegular() && !found {
			found, _ = match.HoldCertificate(cert).Match(d.env.Path(name))
		}
		return nil
	})
	return found
}

// AwaitStored waits until the directory holds the certificate that was served. A
// server may store a certificate after it has begun to serve it.
func (e *Env) AwaitStored(d *Storage, served *wire.Handshake) {
	ginkgo.GinkgoHelper()
	e.Eventually(func(g gomega.Gomega) {
		g.Expect(match.StorageState{Stored: d.Holds(served.Leaf())}).To(match.BeStored())
	}, "the certificate that is served to be stored")
}

// AwaitStoredOrLogged waits until the server has stored the certificate that it
// serves, or has logged a line that names the directory. A line that the healthy
// logs have too does not count. The certificate old, if there is one, does not
// count either.
func (e *Env) AwaitStoredOrLogged(
	server *Server, healthy []*sut.Log, d *Storage, old *pki.Identity,
) {
	ginkgo.GinkgoHelper()
	names := e.NewLineWith(healthy, d.path)
	e.Eventually(func(g gomega.Gomega) {
		state := match.StorageState{Log: server.Process.Log().Tail(12)}
		state.Logged = slices.ContainsFunc(server.Log(), names)
		if !state.Logged {
			leaf := e.ImpatientHandshake(server).Leaf()
			state.Stored = leaf != nil && (old == nil || !leaf.Equal(old.Leaf)) && d.Holds(leaf)
		}
		g.Expect(state).To(match.BeStoredOrLogged(d.path))
	}, "the certificate to be stored, or a log line that names the directory")
}

// WatchGrowth makes a client connect every fifth of a second, and returns how much
// the server's log, files, memory and open files have grown meanwhile. Lines that
// are also in the healthy logs do not count.
func (e *Env) WatchGrowth(
	server *Server, healthy []*sut.Log, during time.Duration,
) match.Growth {
	ginkgo.GinkgoHelper()
	isNew := e.NewLineWith(healthy, "")
	measure := func() (g match.Growth, known bool) {
		for _, line := range server.Log() {
			if isNew(line) && !logtext.Continues(line.Text) {
				g.Lines++
			}
		}
		g.Files = len(e.Files())
		usage, known := server.Process.Usage()
		g.Descriptors, g.Memory = usage.Descriptors, usage.Memory
		return g, known
	}
	before, known := measure()
	over, next := time.After(during), time.NewTicker(200*time.Millisecond)
	defer next.Stop()
	clients, refused := 0, 0
	for watching := true; watching; clients++ {
		if e.ImpatientHandshake(server).Err != nil {
			refused++
		}
		select {
		case <-next.C:
		case <-over:
			watching = false
		case <-e.ctx.Done():
			watching = false
		}
	}
	growth, stillKnown := measure()
	growth.Clients, growth.Refused = clients, refused
	growth.Lines -= before.Lines
	growth.Files -= before.Files
	growth.Descriptors -= before.Descriptors
	growth.Memory -= before.Memory
	if !known || !stillKnown { // the system has no figures, or the server has ended
		growth.Descriptors, growth.Memory = 0, 0
	}
	return growth
}

// OpenFiles returns how many files and sockets the server has open. The spec is skipped where
// the system does not tell.
func (e *Env) OpenFiles(server *Server) int {
	ginkgo.GinkgoHelper()
	usage, _ := server.Process.Usage()
	e.SkipUnless(usage.Descriptors > 0,
		"this system does not tell which files a process has open")
	return usage.Descriptors
}

// EventuallyOpen waits until the server has at most so many files and sockets open. when
// says after what.
func (e *Env) EventuallyOpen(server *Server, most int, when string) {
	ginkgo.GinkgoHelper()
	e.Eventually(func(g gomega.Gomega) {
		g.Expect(server.Process).To(match.BeAlive())
		usage, _ := server.Process.Usage()
		g.Expect(usage.Descriptors).To(gomega.BeNumerically("<=", most), "open files "+when)
	}, "the server to close what it has opened")
}

// LimitDescriptors limits what the server's processes may have open, so that this many
// descriptors are left to the one that has most open. The spec is skipped where the system
// does not do that.
func (e *Env) LimitDescriptors(server *Server, free int) {
	ginkgo.GinkgoHelper()
	err := processes.LimitDescriptors(server.Process.Pid(), free)
	gomega.Expect(server.Process).To(match.BeAlive())
	if err != nil {
		e.Skip("the descriptors of the target cannot be limited: " + err.Error())
	}
}

// debugLines is how many lines at the level of debugging count as one: who asks for them
// expects many.
const debugLines = 10

// Size measures how much a server has logged, stored and taken so far. Lines that go on with
// an entry, such as those of a stack trace, do not count. Of the lines at the level of
// debugging a tenth does.
func (e *Env) Size(server *Server) match.Growth {
	log := server.Process.Log()
	g := match.Growth{Lines: log.Mark(), Files: len(e.Files())}
	debug := 0
	for _, line := range log.Lines() {
		switch {
		case logtext.Continues(line.Text):
			g.Lines--
		case logtext.LevelOf(line.Text) == logtext.Debug:
			debug++
		}
	}
	g.Lines -= debug - debug/debugLines
	usage, known := server.Process.Usage()
	if known {
		g.Descriptors, g.Memory = usage.Descriptors, usage.Memory
	}
	return g
}

// Damages damages a regular file of the spec's, if it is there: "empty", "truncated" or
// "garbage".
func (e *Env) Damages(name string, how Damage) {
	ginkgo.GinkgoHelper()
	if e.Mode(name) == 0 {
		return
	}
	content, err := e.below.ReadFile(name, limits.File)
	e.Must(err)
	if len(content) > 0 || how == damageGarbage {
		e.DamageFile(name, how)
	}
}
