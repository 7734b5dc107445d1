{# dbt's default prefixes the target schema (main_marts); readers are promised the plain name. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
