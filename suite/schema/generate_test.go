package schema

import (
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v4"

	"assay/scenarios"
	"assay/suite/internal/sut"
	"assay/suite/report"
)

var update = flag.Bool("update", false, "write the schemas anew")

// TestSchemasAreCurrent compares each schema with what the Go types say today.
func TestSchemasAreCurrent(t *testing.T) {
	for kind, s := range map[string]*jsonschema.Schema{
		Target:    targetSchema(t),
		Catalogue: catalogueSchema(t),
		Report:    reportSchema(t),
	} {
		want, err := json.MarshalIndent(s, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, '\n')
		if *update {
			if err := os.WriteFile(kind+".schema.json", want, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := Of(kind)
		if err != nil {
			t.Error(err)
		} else if string(got) != string(want) {
			t.Errorf("%s.schema.json is not what the Go types say; run: make generate", kind)
		}
	}
}

func targetSchema(t *testing.T) *jsonschema.Schema {
	s := reflector(t, "yaml").Reflect(sut.Target{})
	s.Title = "Target file of Assay"
	profiles, _ := s.Properties.Get("profiles")
	profiles.Items.Enum = values(sut.Profiles)
	names, _ := s.Definitions["Config"].Properties.Get("names")
	names.PropertyNames = &jsonschema.Schema{Enum: values(sut.Keys)}
	orText(s, "Reload", &jsonschema.Schema{
		Type: "string", Enum: values([]string{"SIGHUP", "watch", "none"}), Default: "none",
	})
	orText(s, "Port", &jsonschema.Schema{Type: "string", Pattern: "^[A-Za-z_][A-Za-z0-9_]*$"})
	return s
}

// orText lets the values of a type be written in a short form too.
func orText(s *jsonschema.Schema, name string, short *jsonschema.Schema) {
	long := s.Definitions[name]
	s.Definitions[name] = &jsonschema.Schema{
		Description: long.Description, AnyOf: []*jsonschema.Schema{short, long},
	}
	long.Description = ""
}

func catalogueSchema(t *testing.T) *jsonschema.Schema {
	s := reflector(t, "yaml").Reflect([]scenarios.Requirement{})
	s.Title = "Chapter of Assay's catalogue"
	return s
}

// reportSchema allows additional properties, because a report of a later version
// of Assay may hold some.
func reportSchema(t *testing.T) *jsonschema.Schema {
	r := reflector(t, "json")
	r.AllowAdditionalProperties = true
	s := r.Reflect(report.Report{})
	s.Title = "Report of Assay (report.json)"
	return s
}

func values(texts []string) (all []any) {
	for _, text := range texts {
		all = append(all, text)
	}
	return all
}

// reflector makes schemas of types whose fields are named by a struct tag.
func reflector(t *testing.T, tag string) *jsonschema.Reflector {
	t.Helper()
	r := &jsonschema.Reflector{
		FieldNameTag: tag, RequiredFromJSONSchemaTags: tag == "yaml",
		Anonymous: true, ExpandedStruct: true, Mapper: textual,
	}
	for _, directory := range []string{"../../scenarios", "../internal/sut", "../report"} {
		err := r.AddGoComments("assay/suite/schema", directory, jsonschema.WithFullComment())
		if err != nil {
			t.Fatal(err)
		}
	}
	comments := r.CommentMap
	r.CommentMap = nil
	r.LookupComment = func(of reflect.Type, field string) string {
		comment := comments[strings.TrimSuffix(of.PkgPath()+"."+of.Name()+"."+field, ".")]
		if of.Kind() != reflect.Struct || field == "" {
			return oneLine(comment)
		}
		// Readers of a schema know the key, not the name of the Go field.
		f, _ := of.FieldByName(field)
		key, _, _ := strings.Cut(f.Tag.Get(tag), ",")
		if rest, ok := strings.CutPrefix(comment, field+" "); ok && key != "" {
			comment = key + " " + rest
		}
		return oneLine(comment)
	}
	return r
}

// docLink matches a reference to an identifier in a doc comment.
var docLink = regexp.MustCompile(`\[([A-Z][A-Za-z.]*)\]`)

// oneLine joins the lines of each paragraph of a doc comment.
func oneLine(comment string) string {
	paragraphs := strings.Split(docLink.ReplaceAllString(comment, "$1"), "\n\n")
	for i, p := range paragraphs {
		paragraphs[i] = strings.Join(strings.Fields(p), " ")
	}
	return strings.Join(paragraphs, "\n\n")
}

// duration matches what [time.ParseDuration] accepts and is not negative.
const duration = `^\+?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+$`

// textual describes types that are written in another form than their Go types
// have.
func textual(t reflect.Type) *jsonschema.Schema {
	text := func(format string) *jsonschema.Schema {
		return &jsonschema.Schema{Type: "string", Format: format}
	}
	switch t {
	case reflect.TypeFor[regexp.Regexp](), reflect.TypeFor[scenarios.Range](),
		reflect.TypeFor[scenarios.Need]():
		return text("") // Go's regular expressions are not those of JSON Schema
	case reflect.TypeFor[sut.Date]():
		return text("date")
	case reflect.TypeFor[time.Duration]():
		return &jsonschema.Schema{Type: "string", Pattern: duration}
	case reflect.TypeFor[sut.Signal]():
		return &jsonschema.Schema{Type: "string", Pattern: "^SIG[A-Z0-9+-]+$"}
	case reflect.TypeFor[scenarios.Case]():
		s := &jsonschema.Schema{Type: "object", Required: []string{"case"},
			Properties: jsonschema.NewProperties()}
		s.Properties.Set("case", &jsonschema.Schema{Type: "string", Pattern: "^[a-z0-9]+(-[a-z0-9]+)*$"})
		return s
	case reflect.TypeFor[scenarios.Combination](): // each field of the rows with its values
		return &jsonschema.Schema{Type: "object", AdditionalProperties: &jsonschema.Schema{Type: "array"}}
	case reflect.TypeFor[yaml.Node]():
		return &jsonschema.Schema{Type: "object"}
	}
	return nil
}
