package results

import "path/filepath"

// Configs are the configurations of a variant as rendered, of a run that was
// opened or only glanced at; "" where none was saved.
func (r *Run) Configs(variant string) (nginx, httpd string) {
	for _, v := range r.Variants {
		if v.Name == variant {
			return v.Nginx, v.Httpd
		}
	}
	dir := filepath.Join(r.Dir, variant)
	return readText(filepath.Join(dir, NginxFile)), readText(filepath.Join(dir, HttpdFile))
}
