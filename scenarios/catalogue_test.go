package scenarios

import (
	"bytes"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write README.md anew")

func TestReadmeIsCurrent(t *testing.T) {
	catalogue, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := catalogue.Markdown(&want); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("README.md", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("README.md is not what the catalogue says; run: go generate ./scenarios")
	}
}

func TestEveryChapterIsThere(t *testing.T) {
	catalogue, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(catalogue.Chapters), len(chapters); got != want {
		t.Errorf("%d chapters, want %d", got, want)
	}
}
