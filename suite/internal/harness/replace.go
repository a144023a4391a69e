package harness

import (
	"context"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"assay/fixtures/pki"
	"assay/suite/internal/match"
	"assay/suite/internal/replace"
	"assay/suite/internal/sut"
	"assay/suite/internal/wire"
)

// DamagedPair is a row about a pair that cannot be used.
type DamagedPair struct {
	// Cert and Key are what is wrong with each file.
	Cert, Key pki.Defect
	// Names holds "cert", "key" or both: the files that a message may blame.
	Names []string
	// MayServe says that some servers can read the files all the same.
	MayServe bool `yaml:"may_serve"`
}

// Blames reports whether a line names a file that is at fault, by the file's
// name or by the setting that holds the file's path.
func (row DamagedPair) Blames(line string) bool {
	return slices.ContainsFunc(row.Names, func(name string) bool {
		return strings.Contains(line, name+".pem") || strings.Contains(line, "tls_"+name+"_path")
	})
}

// complaint matches the words of a line about a failure.
var complaint = regexp.MustCompile(`(?i)error|fail|cannot|can't|could|unable|invalid|refus|reject` +
	`|not |no such|missing|denied|mismatch|keep|kept|\bno\b|\bbad\b|wrong|broken|damage|empty|ignor` +
	`|incomplete|truncate|expected|inconsisten|malformed|n't match|differ|corrupt|unreadable|unusable`)

// RefuseDamaged starts the target with a good pair, as the control, and then
// with the damaged pair in the same files. It returns what came of that, see
// [Env.RefuseOrServe], the pair, and the paths of "cert" and "key".
func (e *Env) RefuseDamaged(row DamagedPair) (
	refusal *match.Refusal, seen *wire.Handshake, id *pki.Identity, files map[string]string,
) {
	ginkgo.GinkgoHelper()
	id = e.Identity(pki.Spec{})
	control := e.ServeAndStop(id)
	files = e.DamagePair(row, id)
	if row.MayServe {
		refusal, seen = e.RefuseOrServe(control.Settings)
	} else {
		refusal = e.Refuse(control.Settings)
	}
	return refusal, seen, id, files
}

// DamagePair replaces cert.pem and key.pem by this pair, damaged as the row
// says, and returns the paths of "cert" and "key", as the target is told them.
func (e *Env) DamagePair(row DamagedPair, id *pki.Identity) map[string]string {
	ginkgo.GinkgoHelper()
	combined := e.setup.Target.Pair == sut.CombinedPair
	e.SkipUnless(!combined || row.Cert != pki.Swapped,
		"in one file with both, the key may stand before the certificates")
	for _, server := range e.servers {
		if server.Process != nil && server.damaged < 0 {
			server.damaged = server.Process.Log().Mark()
		}
	}
	files := map[string]string{"cert": e.Path("cert.pem"), "key": e.Path("key.pem")}
	e.damage(files["cert"], row.Cert, id.CertFile)
	e.damage(files["key"], row.Key, id.KeyFile)
	if combined {
		both := sut.CombinedPath(files["cert"], files["key"])
		files["cert"], files["key"] = both, both
	}
	return files
}

// damage replaces one file of a pair; content returns the file's bytes with a
// defect.
func (e *Env) damage(path string, defect pki.Defect, content func(pki.Defect) ([]byte, error)) {
	ginkgo.GinkgoHelper()
	e.Must(e.below.Remove(path))
	mode := fs.FileMode(0o600)
	switch defect {
	case "missing":
		return
	case "directory":
		e.Must(e.below.Mkdir(path, 0o755))
		return
	case "unreadable":
		defect, mode = pki.None, 0
	}
	text, err := content(defect)
	e.Must(err)
	e.Must(e.below.WriteFile(path, text, mode))
}

// Swap replaces a file by renaming: a reader sees the old content or the new
// content, never a part. An empty directory of that name is removed before.
func (e *Env) Swap(name string, data []byte) {
	ginkgo.GinkgoHelper()
	if info, err := e.below.Lstat(e.Path(name)); err == nil && info.IsDir() {
		e.Must(e.below.Remove(e.Path(name)))
	}
	e.Must(e.below.Rename(e.Write(name+".new", data), e.Path(name)))
}

// SwapPair replaces cert.pem and key.pem by another pair, with a defect in its
// chain.
func (e *Env) SwapPair(id *pki.Identity, d pki.Defect) {
	ginkgo.GinkgoHelper()
	chain, err := id.CertFile(d)
	e.Must(err)
	key, err := id.KeyFile(pki.None)
	e.Must(err)
	e.Swap("cert.pem", chain)
	e.Swap("key.pem", key)
}

// Replace replaces cert.pem and key.pem by another pair, and lets the server
// know.
func (v *Server) Replace(id *pki.Identity) {
	ginkgo.GinkgoHelper()
	v.s.SwapPair(id, pki.None)
	v.Reload()
}

// A Place holds the files of a running server's pair, see [replace.Place].
type Place struct {
	place *replace.Place
	env   *Env
}

// StartInPlace starts the target with this pair in files that will be replaced
// in a certain way. Only By and Files of the way matter.
func (e *Env) StartInPlace(way replace.Way, id *pki.Identity) (*Server, *Place) {
	ginkgo.GinkgoHelper()
	way = e.inFiles(way)
	place, err := replace.Create(e.below, "tls", way, e.pair(id))
	e.Must(err)
	server := e.Start(e.Own(place.CertPath(), place.KeyPath()))
	gomega.Expect(e.Handshake(server)).To(match.ServeLeaf(id.Leaf))
	return server, &Place{place, e}
}

// inFiles returns the way for a target that wants certificate and key in one
// file: both are then new at the same moment.
func (e *Env) inFiles(way replace.Way) replace.Way {
	if e.setup.Target.Pair != sut.CombinedPair {
		return way
	}
	way.Files, way.Order = replace.Combined, ""
	if way.Key == replace.KeptKey {
		way.Key = replace.SameKey
	}
	return way
}

func (e *Env) pair(id *pki.Identity) replace.Pair {
	ginkgo.GinkgoHelper()
	key, err := id.KeyFile(pki.None)
	e.Must(err)
	return replace.Pair{Cert: id.ChainPEM(), Key: key}
}

// Successor mints the certificate that replaces another one in this way.
func (e *Env) Successor(way replace.Way, old *pki.Identity) *pki.Identity {
	ginkgo.GinkgoHelper()
	spec := pki.Spec{
		Names:     old.Leaf.DNSNames,
		NotBefore: old.Leaf.NotBefore,
		Lifetime:  old.Leaf.NotAfter.Sub(old.Leaf.NotBefore),
	}
	switch way.Ends {
	case replace.EndsLater:
		spec.Lifetime += match.Day
	case replace.EndsEarlier:
		spec.Lifetime -= match.Day
	default:
		// Two CAs may give the same number, and so may one CA that is told the number.
		spec.Serial = old.Leaf.SerialNumber
	}
	switch way.Names {
	case replace.MoreNames:
		spec.Names = append(slices.Clone(spec.Names), "further."+spec.Names[0])
	case replace.FewerNames:
		spec.Names = spec.Names[:1]
	}
	switch way.Begins {
	case replace.BeginsLater:
		spec.NotBefore = spec.NotBefore.Add(match.Day)
		spec.Lifetime -= match.Day
	case replace.BeginsEarlier:
		spec.NotBefore = spec.NotBefore.Add(-match.Day)
		spec.Lifetime += match.Day
	}
	if way.Key == replace.SameKey || way.Key == replace.KeptKey {
		spec.PrivateKey = old.Key
	} else if spec.Serial != nil {
		return e.identity(old.Sibling(spec))
	}
	return e.Identity(spec)
}

// Put replaces the pair while no server runs.
func (p *Place) Put(way replace.Way, id *pki.Identity) {
	ginkgo.GinkgoHelper()
	p.env.Must(p.place.Replace(p.env.inFiles(way), p.env.pair(id), nil))
}

// Replace replaces the pair while the server runs, and waits until the server
// serves the new one. If there is a pause between the two files, the server is
// told about the first one too: many tools run their hook for each file. The
// server may refuse handshakes until both files are there, but it never serves a
// certificate with the key of another one. It returns the new pair.
func (p *Place) Replace(server *Server, way replace.Way, old *pki.Identity) *pki.Identity {
	ginkgo.GinkgoHelper()
	way = p.env.inFiles(way)
	fail := p.env.Fail
	p.env.Fail = func(message string, callerSkip ...int) {
		fail(message+"\nreplaced  "+way.String(), callerSkip...)
	}
	defer func() { p.env.Fail = fail }()

	fresh := p.env.Successor(way, old)
	p.replace(server, way, old, fresh)
	return fresh
}

// Return puts a pair in place that the server has served before, as a person does who
// goes back to a backup, and waits until the server serves it again.
func (p *Place) Return(server *Server, current, before *pki.Identity) {
	ginkgo.GinkgoHelper()
	p.replace(server, replace.Way{}, current, before)
}

// replace replaces the pair of a running server by another one.
func (p *Place) replace(server *Server, way replace.Way, old, fresh *pki.Identity) {
	ginkgo.GinkgoHelper()
	between := func() {
		if way.Away > 0 { // nobody tells the server that it has no files
			server.Watch(way.Away, match.ServeLeaf(old.Leaf), match.BeRefused())
		}
		if pause := way.Order.Pause(); pause > 0 {
			server.Reload()
			server.Watch(pause, match.ServeLeaf(old.Leaf), match.ServeLeaf(fresh.Leaf), match.BeRefused())
		}
	}
	p.env.Must(p.place.Replace(way, p.env.pair(fresh), between))
	server.Reload()
	server.Await(match.ServeLeaf(fresh.Leaf), match.ServeLeaf(old.Leaf), match.BeRefused())
}

// KeepBusy writes into another file in the directory of the certificate, every fiftieth
// of a second until stop is called, as a log does that is kept there.
func (p *Place) KeepBusy() (stop func()) {
	ctx, cancel := context.WithCancel(p.env.ctx)
	ended := make(chan error, 1)
	name := filepath.Join(filepath.Dir(p.place.CertPath()), "access.log")
	go func() {
		again := time.NewTicker(20 * time.Millisecond)
		defer again.Stop()
		for {
			if err := p.env.below.WriteFile(name, []byte("a request\n"), 0o600); err != nil {
				ended <- err
				return
			}
			select {
			case <-ctx.Done():
				ended <- nil
				return
			case <-again.C:
			}
		}
	}()
	return func() {
		ginkgo.GinkgoHelper()
		cancel()
		p.env.Must(<-ended)
	}
}

// NewPlace makes the files of a pair, which will be replaced in a certain way. Only By and
// Files of the way matter.
func (e *Env) NewPlace(way replace.Way, id *pki.Identity) *Place {
	ginkgo.GinkgoHelper()
	place, err := replace.Create(e.below, "tls", e.inFiles(way), e.pair(id))
	e.Must(err)
	return &Place{place, e}
}

// Paths returns the absolute paths of the two files of the pair.
func (p *Place) Paths() (cert, key string) { return p.place.CertPath(), p.place.KeyPath() }

// Write replaces the pair by files of this content. It calls between as
// [replace.Place.Replace] does.
func (p *Place) Write(way replace.Way, cert, key []byte, between func()) {
	ginkgo.GinkgoHelper()
	pair := replace.Pair{Cert: cert, Key: key}
	p.env.Must(p.place.Replace(p.env.inFiles(way), pair, between))
}

// CombinesPair reports whether the target wants certificate and key in one file.
func (e *Env) CombinesPair() bool { return e.setup.Target.Pair == sut.CombinedPair }
