package main

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// The project's own Ginkgo suite, in the same package: neither sees the
// other's specs.
func TestOwn(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "little")
}

var _ = Describe("configuration", func() {
	It("takes paths from its own directory", func() {
		file := filepath.Join(GinkgoT().TempDir(), "little.json")
		Expect(os.WriteFile(file, []byte(`{"Certificate": "cert.pem"}`), 0o600)).To(Succeed())
		c, err := read(file)
		Expect(err).NotTo(HaveOccurred())
		Expect(c.Certificate).To(Equal(filepath.Join(filepath.Dir(file), "cert.pem")))
	})
})
