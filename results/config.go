package results

import "path/filepath"

// Configs are the configurations of a variant as rendered, of a run that was
// opened or only glanced at; "" where none was saved.
func (r *Run) Configs(variant string) (proxy, httpd string) {
	for _, v := range r.Variants {
		if v.Name == variant {
			return v.ProxyConf, v.Httpd
		}
	}
	dir := filepath.Join(r.Dir, variant)
	return readText(filepath.Join(dir, r.Plan.proxyFile(variant))), readText(filepath.Join(dir, HttpdFile))
}
