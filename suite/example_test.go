package suite_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"assay/suite"
	"assay/suite/report"
	"assay/suite/schema"
)

// t stands for the parameter of the embedder's test function.
var t *testing.T

// A test in a module of the embedder's runs the suite. Every requirement becomes a
// subtest of its ID.
func ExampleRun() {
	// func TestConformance(t *testing.T) {
	suite.Run(t, suite.Options{
		Target: "target.yaml",
		Only:   []string{"BYO-*", "CHAIN-*"},
		Out:    t.TempDir(),
	})
	// }
}

// A program runs the suite and looks at the report.
func ExampleExecute() {
	r, err := suite.Execute(context.Background(), suite.Options{
		Target: "target.yaml",
		Out:    "assay-report",
	}, os.Stderr)
	if err != nil {
		log.Fatal(err)
	}
	for _, result := range r.Results {
		if result.Status == report.Failed {
			fmt.Println(result.ID, result.Title, result.Reason)
		}
	}
	os.Exit(r.Exit)
}

// A program checks that the suite can run here before it starts a run.
func ExampleExamine() {
	for _, f := range suite.Examine(context.Background(), suite.Options{Target: "target.yaml"}) {
		fmt.Println(f.Verdict, f.What, f.Text)
	}
}

// The schema of target files finds mistakes without starting a server. Editors use it
// too; "assay init" writes it beside the target file.
func Example_targetFile() {
	text, err := schema.Of(schema.Target)
	if err != nil {
		log.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		log.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("target", document); err != nil {
		log.Fatal(err)
	}
	target := compiler.MustCompile("target")

	const file = `
name: my-server
command: [./my-server, serve, --config, "{{.ConfigFile}}"]
config: {base: {}}
profiles: [byo, chain]
`
	for _, text := range []string{file, strings.Replace(file, "profiles", "profile", 1)} {
		var keys any
		if err := yaml.Unmarshal([]byte(text), &keys); err != nil {
			log.Fatal(err)
		}
		fmt.Println("valid:", target.Validate(keys) == nil)
	}
	// Output:
	// valid: true
	// valid: false
}
