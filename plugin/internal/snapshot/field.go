package snapshot

import "strings"

// Field is the value at a path of keys; nil if there is none.
func Field(value any, path ...string) any {
	for _, key := range path {
		fields, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = fields[key]
	}
	return value
}

// Text is the string at a path of keys, or "".
func Text(value any, path ...string) string {
	text, _ := Field(value, path...).(string)
	return text
}

// List is the list at a path of keys, or nil.
func List(value any, path ...string) []any {
	list, _ := Field(value, path...).([]any)
	return list
}

// Texts are the strings of the list at a path of keys.
func Texts(value any, path ...string) []string {
	var texts []string
	for _, element := range List(value, path...) {
		if text, ok := element.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

// TextMap is the map of strings at a path of keys.
func TextMap(value any, path ...string) map[string]string {
	fields, _ := Field(value, path...).(map[string]any)
	texts := make(map[string]string, len(fields))
	for key, value := range fields {
		if text, ok := value.(string); ok {
			texts[key] = text
		}
	}
	return texts
}

// group is that of an apiVersion: "apps" of "apps/v1", and "" of "v1".
func group(apiVersion string) string {
	group, _, found := strings.Cut(apiVersion, "/")
	if !found {
		return ""
	}
	return group
}
