import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(os.environ["DATAMON_SOURCE"]) / "scripts"))
