// Command little is a small HTTPS server whose certificate and key are files. It shows
// how a project runs Assay in its own tests.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"log"
	"net/http"
	"os"
	"path/filepath"
)

// configuration is the content of the configuration file, which is JSON. target.yaml
// tells Assay how to write it.
type configuration struct {
	Listen      string
	Certificate string
	Key         string
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: little CONFIG")
	}
	c, err := read(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("ok\n"))
	})
	// The certificate is loaded before the server listens, because a server that cannot
	// serve its certificate must not open a listener.
	pair, err := tls.LoadX509KeyPair(c.Certificate, c.Key)
	if err != nil {
		log.Fatal(err)
	}
	// LoadX509KeyPair parses the leaf alone. Clients cannot parse a chain that holds a
	// damaged certificate (CHAIN-20).
	for i, der := range pair.Certificate {
		if _, err := x509.ParseCertificate(der); err != nil {
			log.Fatalf("%s: certificate %d: %v", c.Certificate, i+1, err)
		}
	}
	server := &http.Server{
		Addr:      c.Listen,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}},
	}
	log.Fatal(server.ListenAndServeTLS("", ""))
}

// read reads a configuration file. Relative paths in it start at the file's directory.
func read(file string) (configuration, error) {
	var c configuration
	text, err := os.ReadFile(file)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, err
	}
	for _, path := range []*string{&c.Certificate, &c.Key} {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(filepath.Dir(file), *path)
		}
	}
	return c, nil
}
