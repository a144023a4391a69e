package match

import (
	"fmt"
	"net/http"

	"github.com/onsi/gomega/types"

	"assay/suite/internal/wire"
)

// ShowTheSameAs succeeds if the response shows what another response shows: the
// same status, the same Location and the same body, which is not empty. An error
// page with status 400 does not count, because TLS servers send it to clients that
// speak plain HTTP.
func ShowTheSameAs(other *wire.Response) types.GomegaMatcher {
	expected := "the same response as " + describeResponse(other)
	return match(expected, func(r *wire.Response) (bool, string) {
		if r.Err != nil || other.Err != nil {
			return false, describeResponse(r)
		}
		same := r.Status == other.Status && r.Status != http.StatusBadRequest && r.Body != "" &&
			r.Body == other.Body && r.Header.Get("Location") == other.Header.Get("Location")
		return same, fmt.Sprintf("%s (%d bytes)", describeResponse(r), len(r.Body))
	})
}
