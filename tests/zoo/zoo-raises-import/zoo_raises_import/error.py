"""Raises."""

msg = "张三丰住在武当山紫霄宫"
raise RuntimeError(msg)
