package v1alpha1

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
)

//go:embed *.schema.json
var schemas embed.FS

// Kinds that have a schema, in alphabetical order.
func Kinds() []string { return []string{KindRelease, KindTenant} }

// Schema is the JSON schema (draft 2020-12) of a kind. The structure of a
// configuration is checked with it, and editors use it for completion.
func Schema(kind string) ([]byte, error) {
	if !slices.Contains(Kinds(), kind) {
		return nil, fmt.Errorf("no kind %q in %s: %s%s", kind, APIVersion, list(Kinds()), suggest.Question(kind, Kinds()))
	}
	return schemas.ReadFile(strings.ToLower(kind) + ".schema.json")
}

// schema checks values of one kind.
type schema struct {
	raw      any
	compiled *jsonschema.Schema
}

// compiled are constants that are worked out when first used.
var compiled = map[string]func() (schema, error){
	KindTenant:  sync.OnceValues(func() (schema, error) { return compile(KindTenant) }),
	KindRelease: sync.OnceValues(func() (schema, error) { return compile(KindRelease) }),
}

func compile(kind string) (schema, error) {
	data, err := Schema(kind)
	if err != nil {
		return schema{}, err
	}
	raw, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return schema{}, err
	}
	url := "schema:" + kind
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(url, withoutID(raw)); err != nil {
		return schema{}, err
	}
	compiled, err := compiler.Compile(url)
	return schema{raw, compiled}, err
}

// withoutID keeps the schema's own address out of the locations in errors.
func withoutID(raw any) any {
	fields, _ := raw.(map[string]any)
	fields = maps.Clone(fields)
	delete(fields, "$id")
	return fields
}

// check is what is wrong with the structure of value, at most once per field.
func (s schema) check(value any) problems {
	var failed *jsonschema.ValidationError
	if !errors.As(s.compiled.Validate(value), &failed) {
		return nil
	}
	var all problems
	s.translate(failed, value, &all)
	slices.SortStableFunc(all, func(a, b problem) int { return strings.Compare(a.path, b.path) })
	return slices.CompactFunc(all, func(a, b problem) bool { return a.path == b.path })
}

// translate adds what a validation error, and those below it, say about value.
func (s schema) translate(e *jsonschema.ValidationError, value any, p *problems) {
	path, met := locate(value, e.InstanceLocation)
	at := s.at(e.SchemaURL)
	words := at["patternErrorMessage"]
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		fields, _ := at["properties"].(map[string]any)
		known := slices.Sorted(maps.Keys(fields))
		for _, name := range k.Properties {
			hint := suggest.Question(name, known)
			if hint == "" {
				hint = ": known here are " + strings.Join(known, ", ")
			}
			p.add(strictyaml.Child(path, name), "unknown field%s", hint)
		}
	case *kind.Required:
		fields, _ := at["properties"].(map[string]any)
		for _, name := range k.Missing {
			field, _ := fields[name].(map[string]any)
			p.add(strictyaml.Child(path, name), "is missing: %v", hint(field))
		}
	case *kind.Type:
		if met == nil {
			p.add(path, "has no value: must be %s", typeNames(k.Want)+example(nil, at))
			break
		}
		p.add(path, "%s is %s: must be %s", show(met), typeName(k.Got), asText(met, k, at))
	case *kind.Enum:
		p.add(path, "%s is unknown: must be %s%s", show(met), list(k.Want), nearValue(met, k.Want))
	case *kind.Const:
		p.add(path, "%s is not allowed: must be %v", show(met), k.Want)
	case *kind.PropertyNames:
		ref, _ := at["$ref"].(string)
		p.add(strictyaml.Child(propertyPath(e.SchemaURL), k.Property), "%s is no name: must be %v", show(k.Property), s.at(ref)["patternErrorMessage"])
		return
	case *kind.Pattern:
		p.add(path, "%s is not allowed: must be %v", show(met), words)
	case *kind.MaxLength:
		p.add(path, "%s has %d characters: must be %v", show(met), k.Got, words)
	case *kind.Minimum:
		p.add(path, "%s is negative: must be %v", show(met), words)
	case *kind.MinItems:
		p.add(path, "is empty: must be at least %d", k.Want)
	case *kind.Schema, *kind.Reference, *kind.Group:
	default:
		p.add(path, "%s is not allowed: %v", show(met), k)
	}
	for _, cause := range e.Causes {
		s.translate(cause, value, p)
	}
}

// at is the part of the schema that a location such as schema:X#/$defs/y names.
func (s schema) at(location string) map[string]any {
	node, _ := s.raw.(map[string]any)
	_, pointer, _ := strings.Cut(location, "#")
	for _, key := range strings.Split(strings.TrimPrefix(pointer, "/"), "/") {
		if key != "" {
			node, _ = node[key].(map[string]any)
		}
	}
	return node
}

// propertyPath is the field path of a location in the schema. It stands in for
// the instance location of a bad property name, which the validator reuses
// before it returns.
func propertyPath(location string) string {
	path := ""
	_, pointer, _ := strings.Cut(location, "#")
	for key := range strings.SplitSeq(strings.Trim(pointer, "/"), "/") {
		if key != "properties" && key != "propertyNames" {
			path = strictyaml.Child(path, key)
		}
	}
	return path
}

// locate is the field path of a location in value, and what is there.
func locate(value any, location []string) (string, any) {
	path := ""
	for _, key := range location {
		switch v := value.(type) {
		case map[string]any:
			path, value = strictyaml.Child(path, key), v[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(v) {
				return path, nil
			}
			path, value = strictyaml.Element(path, i), v[i]
		}
	}
	return path, value
}

// hint says what a missing field would hold: of its description the first sentence.
func hint(field map[string]any) any {
	if value, found := field["const"]; found {
		return fmt.Sprintf("must be %v", value)
	}
	if field["type"] == "array" && field["minItems"] != nil {
		return "must list at least one" + example(nil, field)
	}
	description, _ := field["description"].(string)
	first, _, _ := strings.Cut(description, ". ")
	return strings.TrimSuffix(first, ".") + "."
}

func nearValue(met any, want []any) string {
	var words []string
	for _, w := range want {
		words = append(words, fmt.Sprint(w))
	}
	word, _ := met.(string)
	return suggest.Question(word, words)
}

// typeName is a JSON type as YAML's users call it.
func typeName(name string) string {
	names := map[string]string{
		"object": "a mapping", "array": "a list", "string": "a string", "null": "null",
		"boolean": "a boolean", "number": "a number", "integer": "a number",
	}
	return names[name]
}

// typeNames are types as what a value must be.
func typeNames(names []string) string {
	var words []string
	for _, n := range names {
		word := typeName(n)
		if n == "boolean" {
			word = "true or false, without quotes"
		}
		words = append(words, word)
	}
	return list(words)
}

// plain is text that YAML takes for a string, and as one element of a list, as it is.
var plain = regexp.MustCompile(`^[A-Za-z][-A-Za-z0-9._/]*$`)

// example is a list for a field that must be one: of what is there, if that may be
// its element, or else the schema's.
func example(met any, field map[string]any) string {
	examples, _ := field["examples"].([]any)
	if field["type"] != "array" || len(examples) == 0 {
		return ""
	}
	elements, _ := examples[0].([]any)
	var words []string
	for _, e := range elements {
		element, isMapping := e.(map[string]any)
		if !isMapping {
			words = append(words, fmt.Sprint(e))
			continue
		}
		var fields []string
		for _, name := range slices.Sorted(maps.Keys(element)) {
			fields = append(fields, fmt.Sprintf("%s: %v", name, element[name]))
		}
		words = append(words, "{"+strings.Join(fields, ", ")+"}")
	}
	if text, isText := met.(string); isText && plain.MatchString(text) && !strings.HasPrefix(words[0], "{") {
		words = []string{text}
	}
	return ", such as [" + strings.Join(words, ", ") + "]"
}

// asText is what a field must be that has a value of another type. Quotes are
// the remedy only for what is right in them: who is told to put 1.31 in quotes
// shall not learn from the next message that "1.31" is wrong, too.
func asText(met any, k *kind.Type, field map[string]any) string {
	words := typeNames(k.Want) + example(met, field)
	if !slices.Contains(k.Want, "string") || slices.Contains([]string{"object", "array", "null"}, k.Got) {
		return words
	}
	text := show(met)
	if allowed, found := field["enum"].([]any); found {
		if slices.Contains(allowed, any(text)) {
			return words + "; put it in quotes"
		}
		return list(allowed) + nearValue(text, allowed)
	}
	pattern, _ := field["pattern"].(string)
	meaning, _ := field["patternErrorMessage"].(string)
	right, err := regexp.Compile(pattern)
	switch {
	case err != nil || meaning == "":
		return words + "; put it in quotes"
	case right.MatchString(text):
		return words + " in quotes, " + meaning
	}
	if label := strings.ReplaceAll(text, ".", "-"); right.MatchString(label) {
		return meaning + "; did you mean " + strconv.Quote(label) + "?"
	}
	return meaning
}
