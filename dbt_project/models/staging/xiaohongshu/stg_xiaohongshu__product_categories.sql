{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}

{{ category_versions('xiaohongshu', {'item': {'categoryId': 'text'}}, "record.item.categoryId") }}
