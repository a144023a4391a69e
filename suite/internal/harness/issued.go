package harness

import (
	"crypto/x509"
	"net/http"
	"slices"
	"time"

	"assay/fixtures/pki"
	"assay/pebble"
	"assay/suite/internal/wire"
)

// awaitIssued waits until the server serves a certificate of the spec's CA, or one
// that the spec has put into its cache, if the target file says that the server
// obtains one by itself when it starts. Specs also start servers that cannot get a
// certificate. So the wait ends, and the server counts as ready, once the CA has
// refused something and nothing has come to the CA for a while, or when the time
// for a start is over. The specs judge what the server serves then.
func (v *Server) awaitIssued() {
	name, _ := v.Settings["tls_letsencrypt_hostname"].(string)
	if !v.s.setup.Target.Ready.Issued || name == "" || v.s.ca == nil {
		return
	}
	ctx, cancel := v.s.within(v.s.setup.StartPatience())
	defer cancel()
	const shortest, longest = 10 * time.Millisecond, 200 * time.Millisecond
	client := v.s.Client(v, SNI(name))
	for pause := shortest; ; pause = min(pause*3/2, longest) {
		seen := client.Handshake(ctx)
		if seen.Err == nil && (seen.VerifyErr == nil || v.s.minted(seen.Leaf())) {
			return
		}
		if v.s.hindered(v.journal) {
			return
		}
		select {
		case <-v.Process.Exited():
			return
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// HandshakeWhenIssued is [Env.Handshake] for a server whose certificate may not be
// there yet. Most servers let the client wait for it. One that serves another
// certificate meanwhile is asked until it serves the right one.
func (e *Env) HandshakeWhenIssued(server *Server) *wire.Handshake {
	seen := e.Handshake(server)
	if !e.setup.Target.Ready.Issued {
		return seen
	}
	ctx, cancel := e.within(Patience)
	defer cancel()
	for seen.Err == nil && seen.VerifyErr != nil {
		select {
		case <-ctx.Done():
			return seen
		case <-time.After(100 * time.Millisecond):
			seen = e.Handshake(server)
		}
	}
	return seen
}

// minted reports whether the spec has made a certificate itself.
func (e *Env) minted(leaf *x509.Certificate) bool {
	return slices.ContainsFunc(e.identities, func(id *pki.Identity) bool {
		return id.Leaf.Equal(leaf)
	})
}

// hinderedFor is how long the CA has to be left alone. A client waits for a second
// or two before it tries a request again.
func hinderedFor() time.Duration { return Patience / 4 }

// hindered reports whether the CA's journal shows after so many entries that no
// certificate is to be expected soon: something was refused or failed, and then
// nothing more happened.
func (e *Env) hindered(from int) bool {
	entries := e.ca.Journal().Entries()
	refused := false
	for _, entry := range entries[min(from, len(entries)):] {
		refused = refused || entry.Fault != "" || entry.Kind == pebble.KindTLS ||
			entry.Status >= http.StatusBadRequest ||
			entry.Kind == pebble.KindValidation && entry.State == "invalid"
	}
	if !refused {
		return false
	}
	ctx, cancel := e.within(hinderedFor())
	defer cancel()
	err := e.ca.Journal().Wait(ctx, "a further exchange", func(j *pebble.Journal) bool {
		return len(j.Entries()) > len(entries)
	})
	return err != nil
}
