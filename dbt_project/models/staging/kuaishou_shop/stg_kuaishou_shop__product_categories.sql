{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}

{{ category_versions('kuaishou_shop', {'categoryId': 'text'}, "record.categoryId") }}
