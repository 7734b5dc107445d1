{#
  A value of a unit test's rows, cast to its type. By default dbt asks the adapter for each value how to cast it, and DuckDB has no way of
  its own. That search took a third of the time of a unit test.
#}
{% macro safe_cast(field, type) -%}
    {%- if target.type == 'duckdb' -%}
        cast({{ field }} as {{ type }})
    {%- else -%}
        {{ adapter.dispatch('safe_cast', 'dbt')(field, type) }}
    {%- endif -%}
{%- endmacro %}
