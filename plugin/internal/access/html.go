package access

import "io"

// HTML prints a page.
func (r Report) HTML(w io.Writer) error { return nil }
