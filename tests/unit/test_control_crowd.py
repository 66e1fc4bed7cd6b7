"""More connections than the control socket serves: the next one is told so, and a place that is left is given away."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from control_cases import FakeFloor
from dialer.control import MAX_CONNECTIONS, ControlServer


def test_one_connection_too_many_is_told_so_and_a_place_that_is_left_is_given_away(tmp_path: Path) -> None:
    path = tmp_path / "c.sock"

    async def asked() -> tuple[dict[str, object], asyncio.StreamWriter]:
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b'{"id": 1, "method": "board.get"}\n')
        answer: dict[str, object] = json.loads(await asyncio.wait_for(reader.readline(), 5))
        return answer, writer

    async def play() -> None:
        async with ControlServer(path, FakeFloor()):
            held = [await asked() for _ in range(MAX_CONNECTIONS)]
            assert all("result" in answer for answer, _ in held)
            refused, writer = await asked()
            assert "64 commands at once" in json.dumps(refused["error"])
            writer.close()
            held[0][1].close()
            async with asyncio.timeout(5):
                while "result" not in (again := await asked())[0]:
                    again[1].close()
                    await asyncio.sleep(0.01)
            for _, writer in [*held, again]:
                writer.close()
                await writer.wait_closed()

    asyncio.run(play())
