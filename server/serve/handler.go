package serve

import (
	"io"
	"net/http"
)

// NewHandler returns the handler of the site. It answers with a page about the
// certificate at /, with the state of the server at /health, and with 404
// elsewhere. The source is nil if there is no TLS.
func NewHandler(source Source) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", page(source))
	mux.HandleFunc("GET /health", health)
	return mux
}

// health answers as headscale does, in the format of the expired
// draft-inadarei-api-health-check.
func health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/health+json; charset=utf-8")
	io.WriteString(w, `{"status":"pass"}`)
}
