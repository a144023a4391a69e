package main

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// TestOwn runs the project's own Ginkgo specs. They can be in the same package as
// TestConformance: neither suite runs the specs of the other.
func TestOwn(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "little")
}

var _ = Describe("configuration", func() {
	It("resolves paths relative to its file", func() {
		file := filepath.Join(GinkgoT().TempDir(), "little.json")
		Expect(os.WriteFile(file, []byte(`{"Certificate": "cert.pem"}`), 0o600)).To(Succeed())
		c, err := read(file)
		Expect(err).NotTo(HaveOccurred())
		Expect(c.Certificate).To(Equal(filepath.Join(filepath.Dir(file), "cert.pem")))
	})
})
