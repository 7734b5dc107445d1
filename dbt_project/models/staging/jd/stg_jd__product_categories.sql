{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail') }}

{{ category_versions('jd', {'categoryId': 'text'}, "record.categoryId") }}
