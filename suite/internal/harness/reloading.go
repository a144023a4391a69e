package harness

import (
	"errors"
	"time"

	"github.com/onsi/ginkgo/v2"

	"assay/suite/internal/match"
	"assay/suite/internal/sut"
)

// OffersReload says whether the target takes up a new certificate while it runs.
func (e *Env) OffersReload() bool { return e.setup.Target.Reload.Offered() }

// ReloadPatience returns how long a server may take to serve a good pair. The
// time that the target file gives for an idle machine never shortens it.
func (e *Env) ReloadPatience() time.Duration {
	return max(Patience, e.setup.Target.Reload.Within)
}

// Reload lets the server know that its files have changed, in the way that the
// target file declares. The spec fails if the target file declares none.
func (v *Server) Reload() {
	ginkgo.GinkgoHelper()
	if !v.s.OffersReload() {
		v.s.Fail("expected  a server that takes up a new certificate while it runs\n" +
			"seen      reload: none in the target file")
	}
	ctx, cancel := v.s.within(v.s.ReloadPatience())
	defer cancel()
	err := v.Process.Reload(ctx)
	v.s.skipInexpressible(err)
	if err != nil {
		v.s.Fail("expected  a server that can be told to read its files again\n" +
			"seen      " + match.Indent(err.Error()))
	}
}

// skipInexpressible skips the spec if an error says that the target has no way to
// be configured so.
func (e *Env) skipInexpressible(err error) {
	ginkgo.GinkgoHelper()
	if cannot := (*sut.Inexpressible)(nil); errors.As(err, &cannot) {
		e.SkipUnless(false, cannot.Error())
	}
}
