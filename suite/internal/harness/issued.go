package harness

import (
	"net/http"
	"time"

	"assay/pebble"
)

// awaitIssued waits until the server serves a certificate of the spec's CA, if
// the target file says that it obtains one by itself when it starts. Specs also
// start servers that cannot get a certificate. So the wait ends, and the server
// counts as ready, once the CA has refused something and nothing has come to the
// CA for a while, or when the time for a start is over. The specs judge what the
// server serves then.
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
		if seen.Err == nil && seen.VerifyErr == nil || v.s.hindered(v.journal) {
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
	ctx, cancel := e.within(Patience / 20)
	defer cancel()
	err := e.ca.Journal().Wait(ctx, "a further exchange", func(j *pebble.Journal) bool {
		return len(j.Entries()) > len(entries)
	})
	return err != nil
}
