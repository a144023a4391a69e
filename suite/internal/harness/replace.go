package harness

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	"assay/fixtures/pki"
	"assay/suite/internal/match"
	"assay/suite/internal/sut"
)

// damaged is a row about a pair that cannot be used: what is wrong with the
// certificate file, with the key file, and which of the two is at fault.
type DamagedPair struct {
	Cert, Key pki.Defect
	Names     []string
}

// Blames says whether a line names a file of the row's that is at fault, by its
// name or by its setting.
func (row DamagedPair) Blames(line string) bool {
	return slices.ContainsFunc(row.Names, func(name string) bool {
		return strings.Contains(line, name+".pem") || strings.Contains(line, "tls_"+name+"_path")
	})
}

// RefuseDamaged starts the target with a good pair, as the control, and then
// with the damaged one in the same files.
func (e *Env) RefuseDamaged(row DamagedPair) (*match.Refusal, map[string]string) {
	id := e.Identity(pki.Spec{})
	control := e.StartOwn(id)
	Expect(e.Handshake(control)).To(match.ServeLeaf(id.Leaf))
	control.Stop()

	files := e.DamagePair(row, id)
	return e.Refuse(control.Settings), files
}

// DamagePair puts this pair, damaged as the row says, in the place of cert.pem
// and key.pem, and returns their paths.
func (e *Env) DamagePair(row DamagedPair, id *pki.Identity) map[string]string {
	files := map[string]string{"cert": e.Path("cert.pem"), "key": e.Path("key.pem")}
	e.damage(files["cert"], row.Cert, id.CertFile)
	e.damage(files["key"], row.Key, id.KeyFile)
	return files
}

// damage does to one file of a pair what a row says; content gives the file's
// bytes with a defect.
func (e *Env) damage(path string, defect pki.Defect, content func(pki.Defect) ([]byte, error)) {
	e.Must(os.Remove(path))
	switch defect {
	case "missing":
	case "directory":
		e.Must(os.Mkdir(path, 0o755))
	case "unreadable":
		text, err := content(pki.None)
		e.Must(err)
		e.Must(os.WriteFile(path, text, 0))
	default:
		text, err := content(defect)
		e.Must(err)
		e.Must(os.WriteFile(path, text, 0o600))
	}
}

// Complaint is what a line has that tells of a failure, in whatever words.
var Complaint = regexp.MustCompile(`(?i)error|fail|cannot|can't|could|unable|invalid|refus|reject|not |no such|missing|denied|mismatch|keep|kept|\bno\b|\bbad\b|wrong|broken|damage|empty|ignor|incomplete|truncate|expected`)

// Swap puts a file in the place of another, at once: a reader sees the old one
// or the new one, never a part.
func (e *Env) Swap(name string, data []byte) {
	ginkgo.GinkgoHelper()
	e.Must(os.Rename(e.Write(name+".new", data), e.Path(name)))
}

// Replace puts another pair in the place of cert.pem and key.pem, and lets the
// server know.
func (v *Server) Replace(id *pki.Identity) {
	ginkgo.GinkgoHelper()
	v.s.SwapPair(id, pki.None)
	v.Reload()
}

// SwapPair puts another pair in the place of cert.pem and key.pem, with a
// defect in its chain.
func (e *Env) SwapPair(id *pki.Identity, d pki.Defect) {
	ginkgo.GinkgoHelper()
	chain, err := id.CertFile(d)
	e.Must(err)
	key, err := id.KeyFile(pki.None)
	e.Must(err)
	e.Swap("cert.pem", chain)
	e.Swap("key.pem", key)
}

// Reload lets the server know that its files have changed, in the way that the
// target file says. One that has to be restarted does not offer this.
func (v *Server) Reload() {
	ginkgo.GinkgoHelper()
	switch v.s.setup.Target.Reload {
	case sut.ReloadWatch: // it sees for itself
	case sut.ReloadSIGHUP:
		if err := v.Process.Signal(syscall.SIGHUP); !errors.Is(err, os.ErrProcessDone) {
			v.s.Must(err)
		}
	default:
		v.s.Fail("expected  a server that takes up a new certificate while it runs\nseen      reload: none in the target file")
	}
}

// OffersReload says whether the target takes up a new certificate while it runs.
func (e *Env) OffersReload() bool { return e.setup.Target.Reload != sut.ReloadNone }

// ReloadAndAwaitComplaint lets the server know that its files have changed for the worse, and
// waits until it complains of them. One that does so in silence, or in other
// words, is given a second: a line alone may be no more than that it begins.
func (v *Server) ReloadAndAwaitComplaint() {
	ginkgo.GinkgoHelper()
	mark := v.Process.Log().Mark()
	v.Reload()
	ctx, cancel := v.s.within(Limits.Change)
	defer cancel()
	_, _ = v.Process.Log().WaitSince(ctx, mark, "a complaint about the changed files", func(line sut.Line) bool {
		return Complaint.MatchString(line.Words())
	})
}

// AwaitPair shakes hands until the new pair is served: nothing but a handshake
// tells. Until then every single one has to complete, with the old pair.
func (e *Env) AwaitPair(server *Server, old, fresh *pki.Identity) {
	ginkgo.GinkgoHelper()
	e.awaitServed(server, old, fresh, match.ServeLeaf(old.Leaf), match.ServeLeaf(fresh.Leaf))
}

// AwaitChain is [Env.AwaitPair], with the whole chain of either pair.
func (e *Env) AwaitChain(server *Server, old, fresh *pki.Identity) {
	ginkgo.GinkgoHelper()
	e.awaitServed(server, old, fresh, match.ServeExactly(old.Chain()), match.ServeExactly(fresh.Chain()))
}

func (e *Env) awaitServed(server *Server, old, fresh *pki.Identity, serveOld, serveFresh types.GomegaMatcher) {
	ginkgo.GinkgoHelper()
	ctx, cancel := e.within(Patience)
	defer cancel()
	next := time.NewTicker(10 * time.Millisecond)
	defer next.Stop()
	for {
		seen := e.Handshake(server)
		if done, _ := serveFresh.Match(seen); done {
			return
		}
		if yet, _ := serveOld.Match(seen); !yet {
			select {
			case <-server.Process.Exited():
				e.Fail("expected  a server that lives on when its files have changed\nseen      it " + server.Process.Ending().String())
			case <-time.After(Limits.Change): // a refused connection may be the first sign of its end
			}
			matcher := serveOld
			if seen.Err == nil && seen.Leaf().Equal(fresh.Leaf) {
				matcher = serveFresh
			}
			e.Fail(matcher.FailureMessage(seen))
		}
		select {
		case <-next.C:
		case <-ctx.Done():
			e.Fail("expected  the new certificate, " + match.Name(fresh.Leaf) + ", within " + Patience.String() + "\nseen      " + match.Indent(match.Describe(seen)))
		}
	}
}

// StartBehind starts the target with this pair in cert.pem and key.pem; for
// "linking" they are symbolic links, as certbot makes them.
func (e *Env) StartBehind(by string, id *pki.Identity) *Server {
	ginkgo.GinkgoHelper()
	cert, key := e.Path("cert.pem"), e.Path("key.pem")
	if by == "linking" {
		e.WritePair(id, "archive/cert1.pem", "archive/key1.pem")
		e.Link("cert.pem", "archive/cert1.pem")
		e.Link("key.pem", "archive/key1.pem")
	} else {
		e.WritePair(id, "cert.pem", "key.pem")
	}
	server := e.Start(e.Own(cert, key))
	gomega.Expect(e.Handshake(server)).To(match.ServeLeaf(id.Leaf))
	return server
}

// ReplaceBy puts another pair in the place of the first.
func (e *Env) ReplaceBy(by string, id *pki.Identity) {
	ginkgo.GinkgoHelper()
	switch by {
	case "renaming":
		e.SwapPair(id, pki.None)
	case "writing":
		e.WritePair(id, "cert.pem", "key.pem")
	case "linking":
		e.WritePair(id, "archive/cert2.pem", "archive/key2.pem")
		for _, name := range []string{"cert", "key"} {
			e.Link(name+".new", "archive/"+name+"2.pem")
			e.Must(os.Rename(e.Path(name+".new"), e.Path(name+".pem")))
		}
	default:
		e.Must(fmt.Errorf("replacing a pair by %q: expected renaming, writing or linking", by))
	}
}
