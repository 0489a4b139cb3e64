-- A picture that was made from photographs is no longer one with findings drawn in but the straightened face itself:
-- what was found is drawn on it by whoever shows it, from the analysis' map.
ALTER TABLE pictures RENAME COLUMN is_annotated TO is_straightened;
