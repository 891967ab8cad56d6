"""Where a user's files lie, and what they say.

A facade: these names are imported on purpose, so that others write
`settings.load(settings.Home.find())`.
"""

from sting.settings.home import Home
from sting.settings.home import make_private
from sting.settings.loader import load
from sting.settings.loader import read_costs
from sting.settings.loader import read_instruments
from sting.settings.loader import read_risk
from sting.settings.loader import read_rules
from sting.settings.loader import shipped
from sting.settings.monitor import Monitor
from sting.settings.owned import check_code
from sting.settings.resources import Resources
from sting.settings.retention import Retention
from sting.settings.schedule import Schedule
from sting.settings.schema import Alpaca
from sting.settings.schema import Archive
from sting.settings.schema import Columns
from sting.settings.schema import Database
from sting.settings.schema import DemoFeed
from sting.settings.schema import Drill
from sting.settings.schema import Feed
from sting.settings.schema import FileFeed
from sting.settings.schema import Gateway
from sting.settings.schema import Generator
from sting.settings.schema import Journal
from sting.settings.schema import MarketFeed
from sting.settings.schema import OwnRule
from sting.settings.schema import Paper
from sting.settings.schema import Profile
from sting.settings.schema import Risk
from sting.settings.schema import Rule
from sting.settings.schema import RuleName
from sting.settings.schema import Scope
from sting.settings.schema import ScopedName
from sting.settings.schema import ScopedRule
from sting.settings.schema import Service
from sting.settings.schema import Settings
from sting.settings.schema import Sizing
from sting.settings.schema import Source
from sting.settings.schema import StrategyEntry
from sting.settings.schema import Terminal

__all__ = [
    'Alpaca',
    'Archive',
    'Columns',
    'Database',
    'DemoFeed',
    'Drill',
    'Feed',
    'FileFeed',
    'Gateway',
    'Generator',
    'Home',
    'Journal',
    'MarketFeed',
    'Monitor',
    'OwnRule',
    'Paper',
    'Profile',
    'Resources',
    'Retention',
    'Risk',
    'Rule',
    'RuleName',
    'Schedule',
    'Scope',
    'ScopedName',
    'ScopedRule',
    'Service',
    'Settings',
    'Sizing',
    'Source',
    'StrategyEntry',
    'Terminal',
    'check_code',
    'load',
    'make_private',
    'read_costs',
    'read_instruments',
    'read_risk',
    'read_rules',
    'shipped',
]
