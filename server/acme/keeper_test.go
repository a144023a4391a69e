package acme

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"

	"assay/server/config"
)

// A source that was replaced is not replaced again by a client that has met it, and
// challenges are answered by the source that is there.
func TestKeeperReplacesOnce(t *testing.T) {
	t.Parallel()
	cfg := &config.Config{
		Hostname: "a.test", CacheDir: t.TempDir(), ChallengeType: config.HTTP01,
	}
	k := NewKeeper(cfg, log.New(io.Discard, "", 0))
	handler := k.ChallengeHandler(cfg)
	first := k.present()
	second := k.replace(first)
	if second == first || k.replace(first) != second || k.present() != second {
		t.Error("expected one fresh source in the place of the first one")
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "http://a.test/x", nil))
	if answer.Code != http.StatusFound {
		t.Errorf("status %d, expected a redirect", answer.Code)
	}
	if _, err := k.GetCertificate(&tls.ClientHelloInfo{ServerName: "b.test"}); err == nil {
		t.Error("a certificate for a foreign name, expected an error")
	}
}
