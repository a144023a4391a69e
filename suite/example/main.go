// Command little is a server with a certificate of its operator's, to show how
// a project embeds Assay in its own tests.
package main

import (
	"crypto/tls"
	"encoding/json"
	"log"
	"net/http"
	"os"
	"path/filepath"
)

// configuration is little's own, in JSON; target.yaml says how Assay writes it.
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
	http.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("well\n")) })
	// Before it listens: what cannot be served is refused without a listener.
	pair, err := tls.LoadX509KeyPair(c.Certificate, c.Key)
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Addr: c.Listen, TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}}}
	log.Fatal(server.ListenAndServeTLS("", ""))
}

// read takes relative paths from the file's directory, as the file's author
// would.
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
