"""From played notes to a score: beats, bars, hands, note values, spelling, and the printed page."""
