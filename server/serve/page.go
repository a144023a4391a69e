package serve

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"sync"
	"time"

	"assay/server/certificate"
)

//go:embed page.html
var pageText string

// pageTemplate is parsed at the first request for the page, so that it does not
// delay the start.
var pageTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Parse(pageText))
})

// pageData holds everything that the page shows.
type pageData struct {
	Connection string     // protocol versions of the request
	Chain      []pageCert // leaf first; empty without TLS
}

type pageCert struct {
	Name, Issuer, Names, Serial, Key string
	NotBefore, NotAfter              pageTime
	Left                             string // remaining life in words, of the leaf
}

// pageTime is a moment, once for people and once for programs.
type pageTime struct{ Person, Machine string }

// page shows a person which certificate the server presents.
func page(source Source) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data := pageData{Connection: r.Proto}
		if r.TLS != nil {
			data.Connection = tls.VersionName(r.TLS.Version) + ", " + r.Proto
			data.Chain = describeChain(source.Current())
		}
		var body bytes.Buffer
		if err := pageTemplate().Execute(&body, data); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		header := w.Header()
		header.Set("Content-Type", "text/html; charset=utf-8")
		header.Set("Content-Security-Policy",
			"default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Cache-Control", "no-store")
		w.Write(body.Bytes())
	})
}

func describeChain(served *tls.Certificate) []pageCert {
	if served == nil {
		return nil
	}
	var chain []pageCert
	for _, der := range served.Certificate {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			continue // it is served, but the page cannot describe it
		}
		chain = append(chain, describe(cert))
	}
	return chain
}

func describe(cert *x509.Certificate) pageCert {
	names := cert.DNSNames
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	return pageCert{
		Name:      certificate.Name(cert),
		Issuer:    cert.Issuer.String(),
		Names:     strings.Join(names, ", "),
		Serial:    cert.SerialNumber.Text(16),
		Key:       describeKey(cert),
		NotBefore: describeTime(cert.NotBefore),
		NotAfter:  describeTime(cert.NotAfter),
		Left:      left(time.Until(cert.NotAfter)),
	}
}

func describeTime(t time.Time) pageTime {
	t = t.UTC()
	return pageTime{Person: t.Format("2 January 2006, 15:04:05 MST"), Machine: t.Format(time.RFC3339)}
}

func describeKey(cert *x509.Certificate) string {
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA, %d bits", key.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA, " + key.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return cert.PublicKeyAlgorithm.String()
}

// left returns the remaining life in the largest unit that suits it.
func left(d time.Duration) string {
	switch {
	case d <= 0:
		return "expired"
	case d < time.Hour:
		return count(int(d.Minutes()), "minute")
	case d < 48*time.Hour:
		return count(int(d.Hours()), "hour")
	}
	return count(int(d.Hours()/24), "day")
}

func count(n int, unit string) string {
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s left", n, unit)
}
