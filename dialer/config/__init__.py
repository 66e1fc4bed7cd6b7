"""The YAML edge: files in, frozen settings out, and every error with file, line, key and what is allowed."""

from dialer.config.load import load_campaign, load_campaigns, load_dialer
from dialer.config.problems import Problem, SettingsFileError

__all__ = ["Problem", "SettingsFileError", "load_campaign", "load_campaigns", "load_dialer"]
