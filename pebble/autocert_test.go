package pebble

import (
	"crypto/tls"
	"net/http"
	"testing"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// autocert compares the Host header and chooses the challenge by itself.
func TestAutocert(t *testing.T) {
	for _, challenge := range []string{"http-01", "tls-alpn-01"} {
		t.Run(challenge, func(t *testing.T) {
			t.Parallel()
			const name = "www.example.test"
			plain, secure := listen(t), listen(t)
			ca := startCA(
				t,
				Addresses{Address: "127.0.0.1", HTTP: plain.Addr().String(), TLS: secure.Addr().String()},
				func(o *Options) {
					o.Offer = []string{challenge}
				},
			)
			manager := &autocert.Manager{
				Prompt:     autocert.AcceptTOS,
				HostPolicy: autocert.HostWhitelist(name),
				Client:     &acme.Client{DirectoryURL: ca.DirectoryURL(), HTTPClient: httpClient(t, ca)},
			}
			web := &http.Server{Handler: manager.HTTPHandler(nil)}
			go web.Serve(plain)
			t.Cleanup(func() { web.Close() })
			server := &http.Server{TLSConfig: manager.TLSConfig(), ErrorLog: quiet()}
			go server.ServeTLS(secure, "", "")
			t.Cleanup(func() { server.Close() })

			conn, err := tls.Dial("tcp",
				secure.Addr().String(), &tls.Config{ServerName: name, RootCAs: ca.Roots()})
			if err != nil {
				t.Fatal(err)
			}
			conn.Close()
			j := ca.Journal()
			if !j.Validated(challenge, name) || len(j.Validations()) != 1 || len(j.Issued()) != 1 {
				t.Errorf("expected one certificate after one validation by %s; the journal is\n%s",
					challenge, j)
			}
		})
	}
}
