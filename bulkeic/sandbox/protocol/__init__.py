"""HTTP messages and the errors that AWS answers with."""
